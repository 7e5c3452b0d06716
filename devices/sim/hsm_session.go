package sim

import (
	"crypto/subtle"
	"encoding/binary"
	"time"
)

const (
	hsmMaxSessions = 16
	hsmIdle        = 30 * time.Second
)

// hsmSession is a secure channel, half open until the host has authenticated.
// It keeps what it inherits from its authentication key: deleting or changing
// the key does not touch a session that is open.
type hsmSession struct {
	authKey       uint16
	domains       uint16
	capabilities  hsmCaps
	delegated     hsmCaps
	enc, mac, rmc hsmKey
	context       []byte // host challenge, card challenge
	authenticated bool
	counter       uint32
	chain         [hsmBlock]byte
	used          time.Time
}

// session finds a live one.
func (h *HSM) session(id byte) *hsmSession {
	if int(id) >= len(h.sessions) || h.sessions[id] == nil {
		return nil
	}
	if h.clock().Sub(h.sessions[id].used) >= hsmIdle {
		h.sessions[id] = nil
	}
	return h.sessions[id]
}

// createSession: key ID(2) ‖ host challenge(8) → session(1) ‖ card
// challenge(8) ‖ card cryptogram(8).
func (h *HSM) createSession(data []byte) ([]byte, hsmCode) {
	if len(data) != 2+hsmChallenge {
		return nil, hsmWrongLength
	}
	call := &hsmCall{command: hsmCreateSession, data: data, target: binary.BigEndian.Uint16(data), second: hsmNobody}
	h.frame.AuthKey = call.target
	answer, code := h.openSession(call.target, data[2:])
	h.logCommand(call, hsmNobody, code)
	return answer, code
}

func (h *HSM) openSession(keyID uint16, hostChallenge []byte) ([]byte, hsmCode) {
	key := h.object(keyID, hsmAuthKey)
	if key == nil {
		return nil, hsmObjectNotFound
	}
	free := -1
	for id := range h.sessions {
		if h.session(byte(id)) == nil {
			free = id
			break
		}
	}
	if free < 0 {
		return nil, hsmSessionsFull
	}
	cardChallenge := h.randomBytes(hsmChallenge)
	s := &hsmSession{
		authKey: keyID, domains: key.Domains, capabilities: key.Capabilities, delegated: key.Delegated,
		context: append(append([]byte(nil), hostChallenge...), cardChallenge...), used: h.clock(),
	}
	longENC, longMAC := hsmKey(key.Secret[:16]), hsmKey(key.Secret[16:])
	s.enc = hsmKey(hsmDerive(longENC, hsmDeriveENC, 16, s.context))
	s.mac = hsmKey(hsmDerive(longMAC, hsmDeriveMAC, 16, s.context))
	s.rmc = hsmKey(hsmDerive(longMAC, hsmDeriveRMAC, 16, s.context))
	h.sessions[free] = s
	h.frame.Session = free
	answer := append([]byte{byte(free)}, cardChallenge...)
	return append(answer, hsmDerive(s.mac, hsmDeriveCard, hsmCryptogram, s.context)...), hsmOK
}

// authenticateSession: session(1) ‖ host cryptogram(8) ‖ MAC(8) → nothing.
// A wrong one closes the session.
func (h *HSM) authenticateSession(data []byte) ([]byte, hsmCode) {
	if len(data) != 1+hsmCryptogram+hsmMACSize {
		return nil, hsmWrongLength
	}
	s := h.session(data[0])
	if s == nil || s.authenticated {
		return nil, hsmInvalidSession
	}
	h.frame.Session, h.frame.AuthKey = int(data[0]), s.authKey
	call := &hsmCall{command: hsmAuthSession, data: data, target: s.authKey, second: hsmNobody}
	want := hsmDerive(s.mac, hsmDeriveHost, hsmCryptogram, s.context)
	if !s.checkMAC(hsmAuthSession, data) || subtle.ConstantTimeCompare(want, data[1:1+hsmCryptogram]) != 1 {
		h.sessions[data[0]] = nil
		h.logCommand(call, hsmNobody, hsmAuthFailed)
		return nil, hsmAuthFailed
	}
	s.authenticated, s.counter, s.used = true, 1, h.clock()
	h.logCommand(call, hsmNobody, hsmOK)
	return nil, hsmOK
}

// checkMAC verifies the MAC that ends data and, if it holds, makes it the
// chaining value (SCP03, section 6.2.4).
func (s *hsmSession) checkMAC(command byte, data []byte) bool {
	signed, mac := data[:len(data)-hsmMACSize], data[len(data)-hsmMACSize:]
	full := hsmCMAC(s.mac, s.chain[:], hsmMessage(command, data)[:hsmHeader], signed)
	if subtle.ConstantTimeCompare(full[:hsmMACSize], mac) != 1 {
		return false
	}
	s.chain = full
	return true
}

// sessionMessage: session(1) ‖ encrypted command ‖ MAC(8) → session(1) ‖
// encrypted answer ‖ R-MAC(8). Errors of the inner command travel inside; a
// message that is not authentic is answered in the clear and ends the session.
func (h *HSM) sessionMessage(data []byte) ([]byte, hsmCode) {
	sealed := len(data) - 1 - hsmMACSize
	if sealed < hsmBlock || sealed%hsmBlock != 0 {
		return nil, hsmWrongLength
	}
	id := data[0]
	s := h.session(id)
	if s == nil || !s.authenticated {
		return nil, hsmInvalidSession
	}
	h.frame.Session, h.frame.AuthKey = int(id), s.authKey
	if !s.checkMAC(hsmSessionMessage, data) {
		h.sessions[id] = nil
		return nil, hsmAuthFailed
	}
	if h.logRefuses(hsmSessionMessage) {
		return nil, hsmLogFull
	}
	s.used = h.clock()
	inner, done := h.runInner(s, data[1:1+sealed])
	answer := s.wrap(id, inner)
	s.used = h.clock() // a long command must not expire its own session
	h.logCommand(&hsmCall{command: hsmSessionMessage, data: data, target: hsmNobody, second: hsmNobody}, s.authKey, hsmOK)
	switch done { // the answer is made first, under the session that is about to go
	case hsmCloseSession:
		h.sessions[id] = nil
	case hsmReset:
		h.factoryReset()
	}
	return answer, hsmOK
}

// runInner executes the command in a sealed message; done is the command if it
// succeeded, else 0.
func (h *HSM) runInner(s *hsmSession, sealed []byte) (inner []byte, done byte) {
	command, arguments, ok := hsmInner(hsmOpen(s.enc, s.counter, sealed))
	if !ok {
		h.frame.Result = byte(hsmWrongLength)
		return hsmError(hsmWrongLength), 0
	}
	h.frame.Inner = command
	answer, code := h.execute(command, arguments, s)
	h.frame.Result = byte(code)
	if code != hsmOK {
		return hsmError(code), 0
	}
	return hsmMessage(command|hsmAnswer, answer), command
}

// wrap makes the whole outer answer around an inner one.
func (s *hsmSession) wrap(id byte, inner []byte) []byte {
	sealed := hsmSeal(s.enc, s.counter, inner)
	s.counter++
	answer := hsmMessage(hsmSessionMessage|hsmAnswer, []byte{id}, sealed, make([]byte, hsmMACSize))
	signed := answer[:len(answer)-hsmMACSize]
	mac := hsmCMAC(s.rmc, s.chain[:], signed)
	copy(answer[len(signed):], mac[:hsmMACSize])
	return answer
}
