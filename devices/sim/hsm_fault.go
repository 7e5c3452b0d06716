package sim

// HSMFault is something that goes wrong with one message.
type HSMFault int

const (
	HSMNoFault        HSMFault = iota
	HSMLoseMessage             // not executed; the host gets no answer
	HSMLoseAnswer              // executed; the host gets no answer
	HSMHalfAnswer              // executed; the host gets the first half
	HSMWrongMAC                // executed; the answer's last bit is wrong
	HSMExpireSessions          // every session expires first
	HSMFillLog                 // another host's commands fill the log first
	HSMUnplugBefore            // unplugged instead of executed
	HSMUnplugAfter             // executed, then unplugged before the answer
	HSMFillStore               // its store takes no further object
	HSMMisattest               // what it attests says that the key was imported
	HSMRefuseAttest            // it says that it cannot attest such a key
)

// HSMFrame tells what became of one message. Of a session message it names the
// command inside; core invariants are judged by the order of these.
type HSMFrame struct {
	Number   int    // of the message, from 1
	Command  byte   // on the wire
	Inner    byte   // the command inside a session message that was authentic
	Session  int    // -1 when there is none
	AuthKey  uint16 // the authentication key behind the session; FFFFh if none
	Target   uint16 // the objects that the inner command named; FFFFh if none
	Second   uint16
	Result   byte // 0 OK, or the device's error; FFh not executed
	Fault    HSMFault
	Executed bool // the device handled the message
	Answered bool // the host got an answer
}

// Frames counts the messages sent so far, lost ones included, and those sent
// while the device was unplugged not.
func (h *HSM) Frames() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.frames
}

// FaultIn makes the n-th message from now (1 is the next) go wrong.
func (h *HSM) FaultIn(n int, fault HSMFault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults[h.frames+n] = fault
}

func (h *HSM) takeFault() HSMFault {
	fault := h.faults[h.frames]
	delete(h.faults, h.frames)
	h.frame.Fault = fault
	return fault
}

// faultBefore says whether the message is executed.
func (h *HSM) faultBefore(fault HSMFault) bool {
	switch fault {
	case HSMLoseMessage:
		return false
	case HSMUnplugBefore:
		h.powerOff()
		return false
	case HSMExpireSessions:
		h.sessions = [hsmMaxSessions]*hsmSession{}
	case HSMFillLog:
		h.fillLog()
	}
	return true
}

// faultAfter turns the device's answer into what the host gets.
func (h *HSM) faultAfter(fault HSMFault, answer []byte) ([]byte, error) {
	switch fault {
	case HSMLoseMessage, HSMLoseAnswer:
		return nil, ErrHSMNoAnswer
	case HSMUnplugBefore:
		return nil, ErrHSMUnplugged
	case HSMUnplugAfter:
		h.powerOff()
		return nil, ErrHSMUnplugged
	case HSMHalfAnswer:
		return answer[:len(answer)/2], nil
	case HSMWrongMAC:
		answer[len(answer)-1] ^= 1
	}
	return answer, nil
}
