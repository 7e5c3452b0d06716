package hsm

import "fmt"

// Action is something that a ceremony has a device do, as its log tells of it.
// The set is closed; the zero value is none.
type Action int

// The actions.
const (
	_           Action = iota
	Login              // Device.Open, and each time an idle session is opened anew
	Generation         // Session.GenerateKey
	Signature          // Session.Sign
	Attestation        // Attester.Attest
	PINChange          // Session.ChangePIN
	KeyExport          // CopyKey, in the device that gives the key
	KeyImport          // CopyKey, in the device that takes it
)

// actions is what each action is in the log of a YubiHSM 2 whose audit is as
// Bootstrap fixes it: how many entries it takes, and by which of them, having
// succeeded, the action is known to have been done.
var actions = map[Action]struct {
	name    string
	entries int
	done    []byte
}{
	Login:       {"login", 2, []byte{0x04}},
	Generation:  {"generation", 1, []byte{0x46}},
	Signature:   {"signature", 1, []byte{0x47, 0x55, 0x56, 0x6a}},
	Attestation: {"attestation", 1, []byte{0x64}},
	PINChange:   {"PIN change", 1, []byte{0x6c}},
	KeyExport:   {"key export", 3, []byte{0x4a, 0x76}},
	KeyImport:   {"key import", 3, []byte{0x4b, 0x77}},
}

// String names the action for people.
func (a Action) String() string {
	if known, ok := actions[a]; ok {
		return known.name
	}
	return "no action"
}

// Entries is how many entries of a device's log the actions take. A device that
// has fewer left (Info: LogTotal less LogUsed) refuses the last of them with
// ErrLogFull, which is too late for a ceremony: count before it begins.
func Entries(plan ...Action) int {
	n := 0
	for _, a := range plan {
		n += actions[a].entries
	}
	return n
}

// Done returns how often the device carried out an action with the object of
// that number after the entry since, which is as in VerifyFrom. object is the
// number of a key, or AnyObject.
//
// It settles what ErrOutcomeUnknown left open: read the log before the action,
// and, when its answer was lost, in a new session. The device logs each of these
// actions or refuses it, so that one more than was answered means that it was
// carried out, and no more that it was not. The log is verified as by VerifyFrom.
func (l Log) Done(since LogEntry, a Action, object uint16) (int, error) {
	known, ok := actions[a]
	if !ok {
		return 0, fmt.Errorf("looking into the device's log: %v is asked for", a)
	}
	entries, err := l.VerifyFrom(since)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range entries {
		for _, command := range known.done {
			if e.Command == command && e.Succeeded() && (object == AnyObject || e.TargetKey == object || e.SecondKey == object) {
				n++
			}
		}
	}
	return n, nil
}

// AnyObject stands for every object in Log.Done. No object has that number.
const AnyObject uint16 = 0xffff
