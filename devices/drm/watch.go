package drm

import (
	"os"
	"time"
)

// watch notices what happens to the display until the screen is closed.
func (s *Screen) watch() {
	defer s.watching.Done()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	var signals chan os.Signal
	if s.terminal != nil {
		signals = s.terminal.signals
	}
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.look()
		case sig := <-signals:
			if sig == signalRelease {
				s.leave()
			} else {
				s.comeBack()
			}
		}
	}
}

// look notifies if Refresh would find something new.
func (s *Screen) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.away {
		return
	}
	out, found, err := findOutput(s.card, false)
	if err != nil || found == s.hidden || found && !out.same(s.surface.out) {
		s.notify()
	}
}

// leave gives the display up to another terminal.
func (s *Screen) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.away, s.hidden = true, true
	if s.surface.flipping {
		_ = s.surface.settle(s.card) // the buffer is not painted on before it is shown again
	}
	_ = s.card.dropMaster() // fails if another program has the display already
	_ = s.terminal.allow()  // fails if the switch was called off
	s.notify()
}

// comeBack takes the display back; Refresh shows what was painted.
func (s *Screen) comeBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.away = false
	_ = s.terminal.acknowledge()
	s.notify()
}
