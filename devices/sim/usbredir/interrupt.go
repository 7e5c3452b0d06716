package usbredir

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Reporter is a Device with a report descriptor: a human interface device. Its one
// endpoint is an interrupt endpoint, by which it tells of what happens.
type Reporter interface {
	Device

	// Interrupt waits for something to tell, or until ctx ends: one report.
	Interrupt(ctx context.Context) ([]byte, error)
}

// interval is how often a machine asks an interrupt endpoint, in milliseconds.
const interval = 8

// startReporting sends whatever the device reports from now on.
func (s *session) startReporting(p packet) error {
	endpoint, err := s.reporting(p)
	if err != nil {
		return err
	}
	reporter, ok := s.device.(Reporter)
	status := byte(statusSuccess)
	switch {
	case !ok || !s.now.description.has(endpoint):
		status = statusInvalid
	case s.now.stopReporting == nil:
		ctx, stop := context.WithCancel(s.now.ctx)
		s.now.stopReporting = stop
		s.now.workers.Go(func() { s.report(ctx, reporter, endpoint) })
	}
	return s.send(packet{kind: kindInterruptStatus, id: p.id, body: []byte{status, endpoint}})
}

func (s *session) stopReporting(p packet) error {
	endpoint, err := s.reporting(p)
	if err != nil {
		return err
	}
	if s.now.stopReporting != nil {
		s.now.stopReporting()
		s.now.stopReporting = nil
	}
	return s.send(packet{kind: kindInterruptStatus, id: p.id, body: []byte{statusSuccess, endpoint}})
}

// reporting reads which endpoint shall report, or no more.
func (s *session) reporting(p packet) (endpoint byte, err error) {
	if len(p.body) != 1 {
		return 0, fmt.Errorf("%w: an interrupt endpoint of %d bytes", errProtocol, len(p.body))
	}
	return p.body[0], nil
}

func (s *session) report(ctx context.Context, reporter Reporter, endpoint byte) {
	for id := uint64(0); ; id++ {
		report, err := reporter.Interrupt(ctx)
		if err != nil {
			return // nobody waits for it any more
		}
		body := binary.LittleEndian.AppendUint16([]byte{endpoint, statusSuccess}, uint16(len(report)))
		if err := s.send(packet{kind: kindInterrupt, id: id, body: append(body, report...)}); err != nil {
			s.raise(err)
			return
		}
	}
}
