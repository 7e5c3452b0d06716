package usbredir

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Standard requests, USB 2.0 table 9-4.
const (
	requestGetStatus     = 0
	requestClearFeature  = 1
	requestSetFeature    = 3
	requestGetDescriptor = 6
)

// Parts of a request's type, USB 2.0 table 9-2.
const (
	typeMask          = 0x60 // standard, class or vendor
	recipientMask     = 0x1F
	recipientEndpoint = 2
)

const featureHalt = 0 // of an endpoint, USB 2.0 table 9-6

func (s *session) setConfiguration(p packet) error {
	if len(p.body) != 1 {
		return fmt.Errorf("%w: a configuration of %d bytes", errProtocol, len(p.body))
	}
	status := byte(statusStall)
	if p.body[0] <= 1 {
		status, s.now.configuration = statusSuccess, p.body[0]
		s.now.clearAll() // USB 2.0 section 9.4.5
		for _, info := range []packet{s.now.description.interfaceInfo(), s.now.description.endpointInfo()} {
			if err := s.send(info); err != nil {
				return err
			}
		}
	}
	return s.send(packet{kind: kindConfigurationStatus, id: p.id, body: []byte{status, s.now.configuration}})
}

func (s *session) setAltSetting(p packet) error {
	if len(p.body) != 2 {
		return fmt.Errorf("%w: an alternate setting of %d bytes", errProtocol, len(p.body))
	}
	status := byte(statusStall)
	if p.body[0] == 0 && p.body[1] == 0 {
		status = statusSuccess
		s.now.clearAll()
	}
	return s.send(packet{kind: kindAltSettingStatus, id: p.id, body: []byte{status, p.body[0], 0}})
}

func (s *session) altSetting(p packet) error {
	if len(p.body) != 1 {
		return fmt.Errorf("%w: an interface of %d bytes", errProtocol, len(p.body))
	}
	status := byte(statusSuccess)
	if p.body[0] != 0 {
		status = statusStall
	}
	return s.send(packet{kind: kindAltSettingStatus, id: p.id, body: []byte{status, p.body[0], 0}})
}

// control carries out a request to endpoint 0.
func (s *session) control(p packet) error {
	c, err := parseControl(p.body)
	if err != nil {
		return err
	}
	in, err := s.request(c)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrRestart):
		s.raise(err)
		return nil
	case err != nil:
		c.status, c.data = statusStall, nil
		return s.send(packet{kind: kindControl, id: p.id, body: c.bytes(0)})
	}
	c.status, c.data = statusSuccess, nil
	length := int(c.setup.Length)
	if c.setup.isIn() {
		c.data = in[:min(len(in), length)]
		length = len(c.data)
	}
	return s.send(packet{kind: kindControl, id: p.id, body: c.bytes(length)})
}

// request answers the standard requests and hands the others to the device.
func (s *session) request(c control) ([]byte, error) {
	setup := c.setup
	if setup.Type&typeMask != 0 {
		return s.device.Control(setup, c.data)
	}
	switch setup.Request {
	case requestGetDescriptor:
		if b := s.now.description.descriptor(byte(setup.Value>>8), byte(setup.Value)); b != nil && setup.isIn() {
			return b, nil
		}
	case requestGetStatus:
		return s.status(setup)
	case requestClearFeature, requestSetFeature:
		return nil, s.feature(setup)
	}
	return nil, ErrStall
}

// status is GET_STATUS, USB 2.0 section 9.4.5.
func (s *session) status(setup Setup) ([]byte, error) {
	if setup.Type&recipientMask != recipientEndpoint {
		return []byte{0, 0}, nil
	}
	endpoint := byte(setup.Index)
	if endpoint&0x0F != 0 && !s.now.description.has(endpoint) {
		return nil, ErrStall
	}
	var halt uint16
	if s.now.isHalted(endpoint) {
		halt = 1
	}
	return binary.LittleEndian.AppendUint16(nil, halt), nil
}

// feature is CLEAR_FEATURE or SET_FEATURE of an endpoint's halt; there is no other.
func (s *session) feature(setup Setup) error {
	endpoint := byte(setup.Index)
	if setup.Type&recipientMask != recipientEndpoint || setup.Value != featureHalt || !s.now.description.has(endpoint) {
		return ErrStall
	}
	s.now.setHalt(endpoint, setup.Request == requestSetFeature)
	return nil
}
