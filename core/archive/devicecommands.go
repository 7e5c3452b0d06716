package archive

import (
	"anodize/core/audit"
	"anodize/core/hsm"
)

// purpose is what a ceremony has an HSM do, beyond opening it, reading from it
// and signing. The set is closed; purposes are joined by or.
type purpose uint8

const (
	making   purpose = 1 << iota // it is reset and made ready; a key is made in it
	giving                       // it gives the root's key to another
	taking                       // it gets the root's key
	changing                     // it gets another PIN
)

// anyTime are commands that change nothing, use no key, and need no purpose.
var anyTime = []byte{
	0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x40, 0x41, 0x43, 0x48, 0x4d, 0x4e, 0x50, 0x51, 0x54, 0x5f, 0x67, 0x6b,
	signPKCS1, signPSS, signECDSA, signEdDSA, exportWrapped, exportRSAWrapped, // counted by themselves
}

// commandsFor are the commands that a purpose takes (docs/hsm.md).
var commandsFor = map[purpose][]byte{
	making:   {0xff, 0x44, 0x46, 0x4f, 0x58, 0x64},
	giving:   {0x4c, 0x58, 0x73},
	taking:   {0x4b, 0x4c, 0x58, 0x5b, 0x77},
	changing: {0x6c},
}

// allowed are the commands that an HSM may have carried out for some purposes.
func allowed(p purpose) map[byte]bool {
	set := map[byte]bool{}
	for _, command := range anyTime {
		set[command] = true
	}
	for one, commands := range commandsFor {
		for _, command := range commands {
			set[command] = set[command] || p&one != 0
		}
	}
	return set
}

// intend notes what an intent is going to have HSMs do.
func (d *devices) intend(e audit.Event) {
	switch e := e.(type) {
	case audit.IntentInitRoot:
		d.will(making, e.HSM.Serial)
	case audit.IntentKeyBackup:
		d.source = e.From.Serial
		d.will(giving, e.From.Serial)
		d.will(making|taking, e.To.Serial)
	case audit.IntentRekeyShares:
		d.will(changing, e.HSMs...)
	case audit.IntentUpdateHSM:
		d.will(changing, e.HSM.Serial)
	}
}

func (d *devices) will(p purpose, serials ...string) {
	for _, serial := range serials {
		d.of(serial).may |= p
		d.now[serial] |= p
	}
}

// settle forgets what HSMs were to do in a ceremony that is done, if their logs
// tell of it.
func (d *devices) settle() {
	for serial := range d.told {
		d.of(serial).may = 0
	}
}

// judge finds what no ceremony since the last device log had the HSM do, and
// signatures by another key than the root's.
func (d *devices) judge(c *check, seq uint64, serial string, entries []hsm.LogEntry) {
	at := d.of(serial)
	may := allowed(at.may)
	for _, e := range entries {
		if !e.Succeeded() {
			continue
		}
		if !may[e.Command] {
			c.error("record %d: the HSM %s carried out %s (its entry %d), for which there is no ceremony", seq, serial, e.Name(), e.Number)
		}
		if signs(e.Command) && int(e.TargetKey) != at.key {
			c.error("record %d: the HSM %s signed with the key %#04x (its entry %d); the root's is %#04x", seq, serial, e.TargetKey, e.Number, at.key)
		}
	}
	at.may = d.now[serial] // an earlier ceremony has had its log read now
	d.told[serial] = true
}

// signs says whether a command makes a signature that a certificate or CRL needs.
func signs(command byte) bool {
	switch command {
	case signPKCS1, signPSS, signECDSA, signEdDSA:
		return true
	}
	return false
}
