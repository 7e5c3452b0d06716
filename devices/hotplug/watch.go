// Package hotplug says that something was plugged in or pulled out, or that a disc
// was put into a drive or taken out.
//
// It guarantees that nothing which came or went, and stays so, is missed for more
// than a second, whether or not the kernel tells of it: device nodes are watched
// with inotify, and what sysfs shows is compared once a second. It does not say
// what came or went: whoever wants to know looks for himself.
//
// Source: inotify(7). Neither netlink nor udev is needed.
package hotplug

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/internal/sysfs"
)

// every is how often sysfs and the drives are looked at.
const every = time.Second

// Watch returns a channel that delivers a value after something came or went, until
// ctx ends. Changes in quick succession may be delivered as one. It watches below
// root ("" is the machine's own root folder).
//
// media describes the discs in the drives: it is called about once a second, from
// one goroutine at a time, and a change of what it returns is a change. It may be
// nil.
func Watch(ctx context.Context, root string, media func() string) <-chan struct{} {
	if media == nil {
		media = func() string { return "" }
	}
	w := &watcher{root: root, media: media, changed: make(chan struct{}, 1)}
	ticker := time.NewTicker(every)
	context.AfterFunc(ctx, ticker.Stop)
	events := w.nodes(ctx) // before the first look: nothing falls between them
	go w.run(ctx, w.state(), ticker.C, events)
	return w.changed
}

type watcher struct {
	root    string
	media   func() string
	changed chan struct{}
}

// run tells of changes until ctx ends: of every event on a device node, and of
// every tick at which something is not as it was.
func (w *watcher) run(ctx context.Context, before string, ticks <-chan time.Time, events <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			w.tell()
		case <-ticks:
			if now := w.state(); now != before {
				before = now
				w.tell()
			}
		}
	}
}

func (w *watcher) tell() {
	select {
	case w.changed <- struct{}{}:
	default: // it is to be delivered already
	}
}

// state describes all that is plugged in: block devices, with their sequence numbers
// and sizes, USB devices with their numbers on the bus, and discs.
func (w *watcher) state() string {
	var b strings.Builder
	for _, list := range []struct {
		folder     string
		attributes []string
	}{
		{"/sys/class/block", []string{"diskseq", "size"}},
		{"/sys/bus/usb/devices", []string{"devnum"}},
	} {
		folder := filepath.Join(w.root, list.folder)
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // a machine without such devices
		}
		for _, e := range entries {
			b.WriteString(e.Name())
			for _, a := range append([]string{""}, list.attributes...) {
				b.WriteByte(' ')
				b.WriteString(read(filepath.Join(folder, e.Name()), a))
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString(w.media())
	return b.String()
}

// read is an attribute of a device in sysfs, or where its link leads if the name is
// empty; empty if it cannot be had.
func read(device, attribute string) string {
	if attribute == "" {
		to, err := os.Readlink(device)
		if err != nil {
			return ""
		}
		return to
	}
	return sysfs.Attribute(device, attribute)
}

// nodes delivers a value after every event on a device node, until ctx ends. It
// delivers none if the kernel has no inotify.
func (w *watcher) nodes(ctx context.Context) <-chan struct{} {
	events := make(chan struct{})
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return events
	}
	w.add(fd)
	f := os.NewFile(uintptr(fd), "inotify")
	context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) }) // long ago
	go func() {
		defer f.Close()
		buffer := make([]byte, 16<<10) // what the events are does not matter
		for {
			if _, err := f.Read(buffer); err != nil {
				return
			}
			w.add(fd)
			select {
			case events <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events
}

// add watches the folders of device nodes that are there. To add one again changes
// nothing.
func (w *watcher) add(fd int) {
	const mask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_ATTRIB | unix.IN_ONLYDIR
	for _, pattern := range []string{"/dev", "/dev/bus", "/dev/bus/usb", "/dev/bus/usb/*", "/dev/dri", "/dev/input"} {
		folders, err := filepath.Glob(filepath.Join(w.root, pattern))
		if err != nil {
			continue // not with these patterns
		}
		for _, folder := range folders {
			if _, err := unix.InotifyAddWatch(fd, folder, mask); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return // sysfs tells, a little later
			}
		}
	}
}
