package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

const (
	hsmLogSize  = 62
	hsmTick     = 10 * time.Millisecond // the reference gives no unit
	hsmAuditOff = 0
	hsmAuditOn  = 1
	hsmAuditFix = 2
)

// Options that GET OPTION and SET OPTION name.
const (
	hsmOptionForceAudit   = 1
	hsmOptionCommandAudit = 3
	hsmOptionAlgorithms   = 4
)

// factoryAudit is the audit option of each command after a reset.
func (s *hsmState) factoryAudit() map[byte]byte {
	audit := map[byte]byte{}
	if s.modern() {
		return audit
	}
	for _, command := range hsmAuditable {
		audit[command] = hsmAuditOn
	}
	for _, command := range []byte{hsmEcho, hsmSessionMessage, hsmDeviceInfo, 0x07, 0x09, hsmGetLog} {
		delete(audit, command)
	}
	return audit
}

// hsmLogEntry is one entry as it travels: number(2) ‖ command(1) ‖ length(2) ‖
// session key(2) ‖ target key(2) ‖ second key(2) ‖ result(1) ‖ tick(4) ‖
// digest(16). The digest is the first half of SHA-256 over the sixteen bytes
// before it and the digest of the entry before.
type hsmLogEntry [32]byte

func (h *HSM) logAppend(command byte, length, session, target, second uint16, result byte, tick uint32) {
	var e hsmLogEntry
	h.state.LogNumber++
	binary.BigEndian.PutUint16(e[0:], h.state.LogNumber)
	e[2] = command
	binary.BigEndian.PutUint16(e[3:], length)
	binary.BigEndian.PutUint16(e[5:], session)
	binary.BigEndian.PutUint16(e[7:], target)
	binary.BigEndian.PutUint16(e[9:], second)
	e[11] = result
	binary.BigEndian.PutUint32(e[12:], tick)
	digest := sha256.Sum256(append(slices.Clone(e[:16]), h.state.LogDigest...))
	copy(e[16:], digest[:16])
	h.logStore(e)
}

// logStore keeps an entry; a full store forgets its oldest.
func (h *HSM) logStore(e hsmLogEntry) {
	if len(h.state.Log) >= hsmLogSize {
		h.state.Log = h.state.Log[1:]
	}
	h.state.Log = append(h.state.Log, slices.Clone(e[:]))
	h.state.LogDigest = slices.Clone(e[16:])
}

// logGenesis writes the entry that a factory reset leaves: number 1, all its
// other fields ones. Its digest differs from reset to reset.
func (h *HSM) logGenesis() {
	var e hsmLogEntry
	for i := range e {
		e[i] = 0xff
	}
	h.state.LogNumber = 1
	binary.BigEndian.PutUint16(e[0:], h.state.LogNumber)
	copy(e[16:], h.randomBytes(16))
	h.logStore(e)
}

// logBoot notes that the power came on. With force audit and a full store it is only counted.
func (h *HSM) logBoot() {
	if h.logClosed() {
		h.state.UnloggedBoots++
		return
	}
	h.logAppend(0, 0, hsmNobody, 0, 0, 0, 0)
}

// logClosed says whether nothing more may be logged, because nothing may be lost.
func (h *HSM) logClosed() bool {
	return h.state.ForceAudit != hsmAuditOff && len(h.state.Log) >= hsmLogSize
}

// logRefuses says whether the command must fail because it could not be
// logged. Opening a session and SET LOG INDEX always pass, so that the log can
// be read and freed. GET LOG ENTRIES and SESSION MESSAGE pass only while they
// are not audited themselves: a device that audits either under force audit
// can lock its owner out.
func (h *HSM) logRefuses(command byte) bool {
	switch command {
	case hsmCreateSession, hsmAuthSession, hsmSetLogIndex:
		return false
	}
	return h.state.Audit[command] != hsmAuditOff && h.logClosed()
}

// logCommand notes a command if it is audited, by the options as they stand
// after it: the result is the answer's command byte, or the error.
func (h *HSM) logCommand(call *hsmCall, session uint16, code hsmCode) {
	if h.state.Audit[call.command] == hsmAuditOff {
		return
	}
	if h.logClosed() {
		if call.command == hsmAuthSession {
			h.state.UnloggedAuths++
		}
		return
	}
	result := byte(code)
	if code == hsmOK {
		result = call.command | hsmAnswer
	}
	tick := uint32(h.clock().Sub(h.booted) / hsmTick)
	h.logAppend(call.command, uint16(len(call.data)), session, call.target, call.second, result, tick)
}

// fillLog fills the store as another host's ECHOs would.
func (h *HSM) fillLog() {
	for len(h.state.Log) < hsmLogSize {
		h.logAppend(hsmEcho, 0, hsmNobody, hsmNobody, hsmNobody, hsmEcho|hsmAnswer, 0)
	}
}

// getLog: nothing → unlogged boots(2) ‖ unlogged authentications(2) ‖ count(1)
// ‖ entries.
func (h *HSM) getLog(*hsmCall) ([]byte, hsmCode) {
	out := binary.BigEndian.AppendUint16(nil, h.state.UnloggedBoots)
	out = binary.BigEndian.AppendUint16(out, h.state.UnloggedAuths)
	out = append(out, byte(len(h.state.Log)))
	for _, e := range h.state.Log {
		out = append(out, e...)
	}
	return out, hsmOK
}

// setLogIndex: number(2) → nothing; forgets that entry and all before it, and
// the counts of what was not logged.
func (h *HSM) setLogIndex(call *hsmCall) ([]byte, hsmCode) {
	at := slices.IndexFunc(h.state.Log, func(e []byte) bool { return e[0] == call.data[0] && e[1] == call.data[1] })
	if at < 0 {
		return nil, hsmInvalidData
	}
	h.state.Log = slices.Clone(h.state.Log[at+1:])
	h.state.UnloggedBoots, h.state.UnloggedAuths = 0, 0
	return nil, hsmOK
}

// getOption: tag(1) → its value.
func (h *HSM) getOption(call *hsmCall) ([]byte, hsmCode) {
	var out []byte
	switch call.data[0] {
	case hsmOptionForceAudit:
		out = []byte{h.state.ForceAudit}
	case hsmOptionCommandAudit:
		for _, command := range hsmAuditable {
			out = append(out, command, h.state.Audit[command])
		}
	case hsmOptionAlgorithms:
		for _, algorithm := range hsmAlgorithms {
			value := byte(0)
			if h.enabled(algorithm) {
				value = 1
			}
			out = append(out, algorithm, value)
		}
	default:
		return nil, hsmInvalidData
	}
	return out, hsmOK
}

// setOption: tag(1) ‖ length(2) ‖ value → nothing. It changes everything it
// names or nothing; what is fixed stays until factory reset.
func (h *HSM) setOption(call *hsmCall) ([]byte, hsmCode) {
	tag, value := call.data[0], call.data[3:]
	if len(value) != int(binary.BigEndian.Uint16(call.data[1:])) {
		return nil, hsmWrongLength
	}
	switch tag {
	case hsmOptionForceAudit:
		if len(value) != 1 {
			return nil, hsmWrongLength
		}
		if !hsmMayBecome(h.state.ForceAudit, value[0]) {
			return nil, hsmInvalidData
		}
		h.state.ForceAudit = value[0]
	case hsmOptionCommandAudit:
		return nil, h.setPairs(value, hsmAuditable, func(command, v byte) bool { return hsmMayBecome(h.state.Audit[command], v) },
			func(command, v byte) { h.state.Audit[command] = v })
	case hsmOptionAlgorithms:
		if len(h.state.Objects) != 1 || h.object(hsmDefaultAuthKeyID, hsmAuthKey) == nil {
			return nil, hsmNotPermitted // only on a freshly reset device
		}
		return nil, h.setPairs(value, hsmAlgorithms, func(_, v byte) bool { return v <= 1 },
			func(algorithm, v byte) { h.enable(algorithm, v == 1) })
	default:
		return nil, hsmInvalidData
	}
	return nil, hsmOK
}

func hsmMayBecome(now, then byte) bool {
	return then <= hsmAuditFix && (now != hsmAuditFix || then == hsmAuditFix)
}

// setPairs applies (name, value) pairs if every one of them is allowed.
func (h *HSM) setPairs(pairs, names []byte, allowed func(name, value byte) bool, apply func(name, value byte)) hsmCode {
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		return hsmWrongLength
	}
	for i := 0; i < len(pairs); i += 2 {
		if !slices.Contains(names, pairs[i]) || !allowed(pairs[i], pairs[i+1]) {
			return hsmInvalidData
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		apply(pairs[i], pairs[i+1])
	}
	return hsmOK
}

func (h *HSM) enabled(algorithm byte) bool {
	return slices.Contains(hsmAlgorithms, algorithm) && !slices.Contains(h.state.Disabled, algorithm)
}

func (h *HSM) enable(algorithm byte, on bool) {
	h.state.Disabled = slices.DeleteFunc(h.state.Disabled, func(a byte) bool { return a == algorithm })
	if !on {
		h.state.Disabled = append(h.state.Disabled, algorithm)
	}
}
