package evdev

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Folder is where Linux has its event devices.
const Folder = "/dev/input"

// readEvents is how many events are read at once.
const readEvents = 64

// maxPending bounds the events that wait for their reader. What comes after them
// waits in the kernel, which tells when it has to drop some.
const maxPending = 256

// Devices are all input devices of the machine.
type Devices struct {
	events   chan Event
	commands chan func(*loop)
	stop     chan struct{}
	once     sync.Once
	done     chan struct{}
}

// Open reads every device in dir and those that come later, with a layout for the
// keyboards. The folder need not exist yet, but the one that holds it.
func Open(dir string, l *Layout) (*Devices, error) {
	if l == nil {
		return nil, fmt.Errorf("opening input devices: %w: there is none", ErrLayout)
	}
	f, err := watchFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("opening input devices: %w", err)
	}
	d := &Devices{
		events:   make(chan Event),
		commands: make(chan func(*loop)),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	go newLoop(d, f, l).run()
	return d, nil
}

// Events is where everything arrives. It is closed by Close.
func (d *Devices) Events() <-chan Event { return d.events }

// SetLayout changes what keys type from now on.
func (d *Devices) SetLayout(l *Layout) {
	if l != nil {
		d.do(func(loop *loop) { loop.typist.setLayout(l) })
	}
}

// Pause lets others have the devices, as when another virtual terminal is in front.
// What is held down is released.
func (d *Devices) Pause() { d.do((*loop).pause) }

// Resume takes the devices back. What is held down then is ignored.
func (d *Devices) Resume() { d.do((*loop).resume) }

// do runs f in the loop, and returns when it has.
func (d *Devices) do(f func(*loop)) {
	ran := make(chan struct{})
	select {
	case d.commands <- func(l *loop) { f(l); close(ran) }:
		<-ran
	case <-d.done:
	}
}

// Close gives the devices back. It returns when all is done.
func (d *Devices) Close() error {
	d.once.Do(func() { close(d.stop) })
	<-d.done
	return nil
}

// loop owns the devices. Everything but reading happens in its goroutine.
type loop struct {
	*Devices
	folder   *folder
	typist   *typist
	open     map[string]*device
	ignored  map[string]bool   // paths without anything for a person's hands
	troubles map[string]string // what was said of a path
	reads    chan read
	pending  []Event
	paused   bool
	fingers  int
}

// read is what was read from a device.
type read struct {
	from   *device
	events []raw
	err    error
}

func newLoop(d *Devices, f *folder, l *Layout) *loop {
	return &loop{
		Devices: d, folder: f, typist: newTypist(l), reads: make(chan read),
		open: map[string]*device{}, ignored: map[string]bool{}, troubles: map[string]string{},
	}
}

func (l *loop) run() {
	defer close(l.done)
	defer close(l.events)
	defer l.close()
	l.scan()
	for {
		var out chan Event
		var next Event
		reads, changes := l.reads, l.folder.changes
		if len(l.pending) > 0 {
			out, next = l.events, l.pending[0]
		}
		if len(l.pending) >= maxPending {
			reads, changes = nil, nil
		}
		select {
		case out <- next:
			l.pending = l.pending[1:]
		case r := <-reads:
			l.take(r)
		case <-changes:
			l.scan()
		case f := <-l.commands:
			f(l)
		case <-l.stop:
			return
		}
	}
}

// close gives every device back.
func (l *loop) close() {
	for _, d := range l.open {
		d.close()
	}
	_ = l.folder.close() // nothing more is to be heard of it
}

// scan opens what is new in the folder.
func (l *loop) scan() {
	paths, err := l.folder.list()
	l.trouble(l.folder.dir, err)
	if err != nil {
		return
	}
	for path := range l.ignored {
		if !slices.Contains(paths, path) {
			delete(l.ignored, path)
		}
	}
	for path := range l.troubles {
		if path != l.folder.dir && !slices.Contains(paths, path) {
			l.trouble(path, nil)
		}
	}
	for _, path := range paths {
		if l.open[path] == nil && !l.ignored[path] {
			l.plug(path)
		}
	}
}

// plug opens a device. One that comes and goes at once is no trouble.
func (l *loop) plug(path string) {
	d, err := openDevice(path, l.nextFinger)
	switch {
	case errors.Is(err, errUseless):
		l.ignored[path] = true
		return
	case errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENXIO):
		return
	case err != nil:
		l.trouble(path, err)
		return
	}
	if !l.paused && d.exclusive() {
		if err := d.grab(true); err != nil {
			l.trouble(path, err)
			d.close()
			return
		}
	}
	l.trouble(path, nil)
	d.setRepeat()
	d.setCaps(l.typist.caps)
	l.open[path] = d
	l.pending = append(l.pending, Plugged{Name: d.can.name, Kinds: d.kinds})
	go l.readFrom(d)
}

// exclusive tells whether others must not read along. Power buttons and the like
// stay theirs too.
func (d *device) exclusive() bool { return d.kinds != Keypad }

// trouble reports an error once, until it changes or is over.
func (l *loop) trouble(path string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if l.troubles[path] == text {
		return
	}
	l.troubles[path] = text
	if err == nil {
		delete(l.troubles, path)
	}
	l.pending = append(l.pending, Trouble{Path: path, Err: err})
}

func (l *loop) nextFinger() int {
	l.fingers++
	return l.fingers
}

// readFrom reads until the device is gone or closed.
func (l *loop) readFrom(d *device) {
	buf := make([]byte, readEvents*rawSize)
	for {
		n, err := d.file.Read(buf)
		r := read{from: d, events: parse(buf[:max(0, n)]), err: err}
		select {
		case l.reads <- r:
		case <-d.gone:
			return
		case <-l.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// take decodes what was read.
func (l *loop) take(r read) {
	d := r.from
	if l.open[d.path] != d {
		return // unplugged meanwhile
	}
	if l.paused {
		r.events = nil
	}
	for _, e := range r.events {
		if e.at < d.since {
			continue
		}
		events, lost := d.decoder.feed(e)
		if lost {
			s, err := d.state()
			if err != nil {
				l.unplug(d)
				return
			}
			events = d.decoder.restore(s, e.at)
		}
		l.emit(events)
	}
	if r.err != nil {
		l.unplug(d)
	}
}

// emit passes events on, once keys have their meaning.
func (l *loop) emit(events []Event) {
	caps := l.typist.caps
	for _, e := range events {
		if k, ok := e.(Key); ok {
			if !l.typist.fill(&k) {
				continue
			}
			e = k
		}
		l.pending = append(l.pending, e)
	}
	if caps != l.typist.caps {
		for _, d := range l.open {
			d.setCaps(l.typist.caps)
		}
	}
}

// unplug lets go of a device. Another one may be at its path already.
func (l *loop) unplug(d *device) {
	l.emit(d.decoder.release())
	l.pending = append(l.pending, Unplugged{Name: d.can.name, Kinds: d.kinds})
	d.close()
	delete(l.open, d.path)
	l.scan()
}

func (l *loop) pause() {
	if l.paused {
		return
	}
	l.paused = true
	for _, d := range l.open {
		l.emit(d.decoder.release())
		if d.exclusive() {
			_ = d.grab(false) // fails if the device is going
		}
	}
}

func (l *loop) resume() {
	if !l.paused {
		return
	}
	l.paused = false
	for _, d := range l.open {
		if d.exclusive() {
			l.trouble(d.path, d.grab(true))
		}
		_ = d.resume() // fails if the device is going, which is noticed by reading
	}
}
