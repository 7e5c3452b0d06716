package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
	"anodize/devices/clock"
	"anodize/devices/hotplug"
	"anodize/devices/machine"
	"anodize/devices/usbauth"
)

// sentinel is a machine's first process.
type sentinel struct {
	program   string   // the kiosk's
	args      []string // and its arguments; nil: by the kernel's command line
	console   io.Writer
	terminals func() []string // serial lines to speak on
	halt      func(how int)   // switches the machine off, or starts it again
	patience  time.Duration   // how long the end may take before halt is called anyway

	machine *machine.Machine
	guard   *usbauth.Guard
	keeper  *keeper
	status  status

	passing sync.Mutex // held while what is plugged in is judged

	mu      sync.Mutex
	current *kiosk        // nil while none runs
	how     int           // what halt is told
	over    chan struct{} // closed when the machine is to go
}

func newSentinel() *sentinel {
	return &sentinel{
		program: "/anodize-ceremony", console: os.Stdout, terminals: func() []string { return terminals("") }, halt: halt, patience: 2 * time.Minute,
		machine: machine.New(""), guard: usbauth.New(""), over: make(chan struct{}),
	}
}

// run does everything, and ends with the machine.
func (s *sentinel) run() {
	err := errors.Join(mountAll(), harden(""))
	s.keeper = &keeper{machine: s.machine, identity: identify(s.machine, s.program), clock: clock.New(""), end: s.end, pass: s.pass}
	if s.args == nil {
		s.args = []string{"-gate", "-mode", mode(s.machine.CommandLine())}
	}
	lock, lockErr := takeLock(lockFile)
	err = errors.Join(err, lockErr)
	s.keeper.faults = oneLine(err)
	s.say(err)
	ctx, stop := context.WithCancel(context.Background())
	changed := hotplug.Watch(ctx, "", nil)
	s.pass()
	looked := make(chan struct{}, 1)
	go func() {
		for range changed {
			s.pass()
			select {
			case looked <- struct{}{}:
			default: // it is to be noticed already
			}
		}
	}()
	go s.obey()
	for _, name := range s.terminals() {
		go s.status.tellOn(name)
	}
	if lockErr == nil {
		s.kiosks(looked)
	} else {
		s.status.set("This machine cannot hold a ceremony: " + lockErr.Error())
		<-s.over
	}
	stop()
	runtime.KeepAlive(lock)
	s.wipe()
	s.halt(s.how)
}

// mode is what the archive is for, by the kernel's command line.
func mode(commandLine string) string {
	mode := "production"
	for _, word := range strings.Fields(commandLine) {
		if m, ok := strings.CutPrefix(word, "anodize.mode="); ok {
			mode = m
		}
	}
	return mode
}

// takeLock takes the lock that one ceremony at a time holds, for ever.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return f, nil
}

// say tells of an error on the console, and of none not.
func (s *sentinel) say(err error) {
	if err != nil {
		fmt.Fprintf(s.console, "anodize-sentinel: %v\n", err)
	}
}

// pass judges what is plugged in, and hands out what the kiosk is to use.
func (s *sentinel) pass() {
	s.passing.Lock()
	defer s.passing.Unlock()
	devices, err := s.guard.Pass()
	all, listErr := nodes("")
	err = errors.Join(err, listErr, permit(all))
	s.keeper.found(devices, err)
	s.say(err)
}

// obey ends everything when the machine is told to: by Ctrl, Alt and Delete, or from
// outside. Other signals do nothing.
func (s *sentinel) obey() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGPWR, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
	for sig := range signals {
		switch sig {
		case unix.SIGINT:
			s.end(unix.LINUX_REBOOT_CMD_RESTART)
		case unix.SIGTERM, unix.SIGPWR:
			s.end(unix.LINUX_REBOOT_CMD_POWER_OFF)
		}
	}
}

// end ends everything soon: a device that answers no more may keep a process or a file
// system from ending, but not the machine.
func (s *sentinel) end(how int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending() {
		s.how = how
		close(s.over)
		time.AfterFunc(s.patience, func() { s.halt(how) })
	}
	if s.current != nil {
		// Its answer comes first; what it must not miss was burned long ago.
		time.AfterFunc(grace, s.current.kill)
	}
}

// grace is how long a kiosk may take to end by itself once it was decided.
const grace = 3 * time.Second

// kiosks runs one kiosk after the other until the machine is to be switched off. A
// kiosk that ends without a fault was closed by the people.
func (s *sentinel) kiosks(looked <-chan struct{}) {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		if !s.awaitDisplay(looked) {
			return
		}
		began := time.Now()
		fault := s.kiosk()
		if s.ending() {
			return
		}
		if fault == "" {
			s.end(unix.LINUX_REBOOT_CMD_POWER_OFF)
			return
		}
		s.keeper.crashed(fault)
		s.say(fmt.Errorf("the kiosk ended, and is started again: %s", fault))
		s.status.set("The kiosk of this machine ended, and is started again: " + fault)
		if time.Since(began) > time.Minute {
			pause = time.Second
		}
		select {
		case <-s.over:
		case <-looked:
		case <-time.After(pause):
		}
	}
}

func (s *sentinel) ending() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// awaitDisplay returns when there is a display; false if everything is to end.
func (s *sentinel) awaitDisplay(looked <-chan struct{}) bool {
	for told := false; ; told = true {
		if s.ending() {
			return false
		}
		if found, err := filepath.Glob("/dev/dri/card*"); err == nil && len(found) > 0 {
			return true
		}
		if !told {
			err := errors.New("no display was found: plug one in, or switch the machine off and on again")
			s.say(err)
			s.status.set("This machine cannot show its ceremony: " + err.Error())
		}
		select {
		case <-s.over:
		case <-looked:
		case <-time.After(time.Second):
		}
	}
}

// kiosk runs a kiosk to its end, and says what was wrong; empty if nothing was.
func (s *sentinel) kiosk() string {
	k, err := start(s.program, s.args)
	if err != nil {
		return err.Error()
	}
	s.mu.Lock()
	s.current = k
	s.mu.Unlock()
	s.status.set("A ceremony is running on this machine: go to its own screen. This terminal waits.")
	served := make(chan error, 1)
	go func() { served <- k.serve(s.keeper) }()
	status, said := k.wait()
	s.mu.Lock()
	s.current = nil
	s.mu.Unlock()
	err = <-served
	unmounted := s.keeper.UnmountStick()
	s.say(unmounted)
	switch {
	case errors.Is(err, gate.ErrProtocol):
		return err.Error()
	case status.Exited() && status.ExitStatus() == 0:
		return ""
	}
	return ending(status, said)
}
