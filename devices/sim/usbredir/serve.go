package usbredir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// goodbye is how long the peer may take to hear that the device is unplugged.
const goodbye = 2 * time.Second

// Serve plugs the device into the machine at the other end of conn, QEMU's
// usb-redir, and serves it until ctx ends or the device leaves (ErrGone), which
// unplugs it, or until the connection ends. It closes conn. A non-nil error says
// that the connection failed or that the peer broke the protocol.
func Serve(ctx context.Context, conn net.Conn, d Device) error {
	defer conn.Close()
	// Whoever waits for a peer that does not read any more, waits no longer.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(goodbye)) })
	defer stop()
	s := &session{conn: conn, device: d, events: make(chan error, 1)}
	if err := s.greet(); err != nil {
		return ending(ctx, fmt.Errorf("meeting the machine: %w", err))
	}
	if err := s.attach(ctx); err != nil {
		return ending(ctx, fmt.Errorf("plugging the device in: %w", err))
	}
	defer s.detach()
	if err := s.run(ctx); err != nil {
		return ending(ctx, fmt.Errorf("serving the device: %w", err))
	}
	return nil
}

// ending is nil where the end of ctx explains the error.
func ending(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// session is a connection with a device plugged in.
type session struct {
	conn   net.Conn
	device Device
	events chan error // what ends the session, or restarts the device

	out sync.Mutex // held while a packet is sent
	now *attachment

	// stale is true after a restart, until the machine resets the new device: what
	// comes before was meant for the old one.
	stale bool
}

// greet exchanges hellos, whose ids have 4 bytes.
func (s *session) greet() error {
	if _, err := s.conn.Write(hello().bytes(false)); err != nil {
		return err
	}
	p, err := readPacket(s.conn, false)
	if err != nil {
		return err
	}
	return checkHello(p)
}

// send writes one packet whole.
func (s *session) send(p packet) error {
	s.out.Lock()
	defer s.out.Unlock()
	_, err := s.conn.Write(p.bytes(true))
	return err
}

// attach tells the machine of the device and begins to serve its endpoints.
func (s *session) attach(ctx context.Context) error {
	d := s.device.Description()
	s.now = newAttachment(ctx, s, d)
	for _, p := range []packet{d.interfaceInfo(), d.endpointInfo(), d.connect()} {
		if err := s.send(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) detach() { s.now.end() }

// run serves until something ends it.
func (s *session) run(ctx context.Context) error {
	packets, failed := make(chan packet), make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for {
			p, err := readPacket(s.conn, true)
			if err != nil {
				failed <- err
				return
			}
			select {
			case packets <- p:
			case <-reading.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return s.send(packet{kind: kindDeviceDisconnect})
		case err := <-failed:
			if errors.Is(err, io.EOF) {
				return nil // the machine was switched off
			}
			return err
		case err := <-s.events:
			if again, err := s.left(ctx, err); !again {
				return err
			}
		case p := <-packets:
			if err := s.take(p); err != nil {
				return err
			}
		}
	}
}

// left is what happens when the device leaves the bus. It reports whether it is
// back.
func (s *session) left(ctx context.Context, why error) (again bool, err error) {
	if !errors.Is(why, ErrRestart) && !errors.Is(why, ErrGone) {
		return false, why
	}
	s.detach()
	if err := s.send(packet{kind: kindDeviceDisconnect}); err != nil {
		return false, err
	}
	if errors.Is(why, ErrGone) {
		return false, nil
	}
	s.device.Reset()
	s.stale = true
	return true, s.attach(ctx)
}

// raise hands the main loop what ends the session or restarts the device; the
// first one counts.
func (s *session) raise(err error) {
	select {
	case s.events <- err:
	default:
	}
}

// take carries out one packet of the machine's.
func (s *session) take(p packet) error {
	if s.stale && p.kind != kindReset {
		return nil
	}
	switch p.kind {
	case kindReset:
		s.stale = false
		s.now.clearAll()
		s.device.Reset()
		return nil
	case kindSetConfiguration:
		return s.setConfiguration(p)
	case kindGetConfiguration:
		return s.send(packet{kind: kindConfigurationStatus, id: p.id, body: []byte{statusSuccess, s.now.configuration}})
	case kindSetAltSetting:
		return s.setAltSetting(p)
	case kindGetAltSetting:
		return s.altSetting(p)
	case kindCancel:
		s.now.cancel(p.id)
		return nil
	case kindControl:
		return s.control(p)
	case kindBulk:
		return s.bulk(p)
	case kindStartInterrupt:
		return s.startReporting(p)
	case kindStopInterrupt:
		return s.stopReporting(p)
	case kindFilter:
		return nil
	case kindFilterReject:
		return errors.New("the machine's filter does not let the device in")
	}
	return fmt.Errorf("%w: a packet of type %d", errProtocol, p.kind)
}

func (s *session) bulk(p packet) error {
	b, err := parseBulk(p.body)
	if err != nil {
		return err
	}
	if !s.now.description.has(b.endpoint) {
		return s.answer(p.id, b, nil, statusInvalid)
	}
	return s.now.enqueue(p.id, b)
}

// answer ends a bulk transfer.
func (s *session) answer(id uint64, b bulk, in []byte, status byte) error {
	a := bulk{endpoint: b.endpoint, status: status, length: len(in), data: in}
	if !b.isIn() && status == statusSuccess {
		a.length = b.length
	}
	return s.send(packet{kind: kindBulk, id: id, body: a.bytes()})
}
