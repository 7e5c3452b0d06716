package hsm

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

// actions is how many entries each action takes in the log of a YubiHSM 2 whose
// audit is as Bootstrap fixes it.
var actions = map[Action]struct {
	name    string
	entries int
}{
	Login:       {"login", 2},
	Generation:  {"generation", 1},
	Signature:   {"signature", 1},
	Attestation: {"attestation", 1},
	PINChange:   {"PIN change", 1},
	KeyExport:   {"key export", 3},
	KeyImport:   {"key import", 3},
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
