package state

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
)

// devices are the serial numbers of the HSMs that the ceremony may open.
func (o *operation) devices() []string {
	switch intent := o.intent.(type) {
	case audit.IntentKeyBackup:
		return []string{intent.From.Serial, intent.To.Serial}
	case audit.IntentRekeyShares:
		return intent.HSMs
	case audit.IntentUpdateHSM:
		return []string{intent.HSM.Serial}
	case audit.IntentRetireHSM:
		return nil
	default:
		return []string{o.hsm.Serial}
	}
}

// device finds an HSM of the fleet, or the one that is to join it.
func (m *Machine) device(serial string) *HSM {
	for i := range m.s.HSMFleet {
		if m.s.HSMFleet[i].Serial == serial {
			return &m.s.HSMFleet[i]
		}
	}
	if p := m.op.pending; p != nil && p.Serial == serial {
		return p
	}
	return nil
}

func (m *Machine) intentKeyBackup(e audit.IntentKeyBackup) error {
	if err := m.mayIntend(keyBackup); err != nil {
		return err
	}
	if e.From != m.op.hsm {
		return fmt.Errorf("the HSM %s is not the one found at ceremony.begin, %s", e.From.Serial, m.op.hsm.Serial)
	}
	if _, known := m.s.Device(e.To.Serial); known {
		return fmt.Errorf("the HSM %s is of the fleet already", e.To.Serial)
	}
	if m.s.Key == nil || e.KeyLabel != m.s.Key.Label || e.SPKISHA256 != m.s.Key.SPKISHA256 {
		return errors.New("it does not name the root's key")
	}
	m.intend(e)
	return nil
}

func (m *Machine) intentRekeyShares(e audit.IntentRekeyShares) error {
	if err := m.mayIntend(rekeyShares); err != nil {
		return err
	}
	if m.s.Roster == nil || e.Set != m.s.Roster.Set {
		return fmt.Errorf("the set %d is not the archive's", e.Set)
	}
	if e.Generation <= m.s.ShareGeneration {
		return fmt.Errorf("the generation %d does not rise above %d", e.Generation, m.s.ShareGeneration)
	}
	named := append(slices.Clone(e.HSMs), e.Absent...)
	var fleet []string
	for _, h := range m.s.HSMFleet {
		fleet = append(fleet, h.Serial)
	}
	slices.Sort(named)
	slices.Sort(fleet)
	if !slices.Equal(named, fleet) || !slices.Contains(e.HSMs, m.op.hsm.Serial) {
		return fmt.Errorf("the HSMs %q and %q are not the fleet, %q, with the one found at ceremony.begin", e.HSMs, e.Absent, fleet)
	}
	m.s.ShareGeneration = e.Generation
	m.intend(e)
	return nil
}

func (m *Machine) intentUpdateHSM(e audit.IntentUpdateHSM) error {
	if err := m.mayIntend(updateHSM); err != nil {
		return err
	}
	d := m.device(e.HSM.Serial)
	if d == nil {
		return fmt.Errorf("the HSM %s is not of the fleet", e.HSM.Serial)
	}
	used := slices.ContainsFunc(m.s.HSMFleet, func(h HSM) bool { return slices.Contains(h.Generations, e.Generation) })
	if !used || slices.Equal(d.Generations, []int{e.Generation}) {
		return fmt.Errorf("no HSM of the fleet opens to the shares of generation %d, or this one does already", e.Generation)
	}
	d.Generations = union(d.Generations, e.Generation)
	m.intend(e)
	return nil
}

func (m *Machine) intentRetireHSM(e audit.IntentRetireHSM) error {
	if err := m.mayIntend(retireHSM); err != nil {
		return err
	}
	if _, known := m.s.Device(e.HSM.Serial); !known || len(m.s.HSMFleet) < 2 {
		return fmt.Errorf("the HSM %s is not of the fleet, or is its last", e.HSM.Serial)
	}
	m.intend(e)
	return nil
}

func (m *Machine) hsmRetired(e audit.HSMRetired) error {
	if err := m.mayRead(); err != nil {
		return err
	}
	if intent, ok := m.op.intent.(audit.IntentRetireHSM); !ok || m.op.retired || e.Serial != intent.HSM.Serial {
		return errors.New("it is not the HSM that the intent names, or was retired already")
	}
	m.s.HSMFleet = slices.DeleteFunc(m.s.HSMFleet, func(h HSM) bool { return h.Serial == e.Serial })
	m.op.retired = true
	return nil
}

func (m *Machine) sharesCommitted(e audit.SharesCommitted) error {
	if err := m.mayRead(); err != nil {
		return err
	}
	want, ok := m.op.shares()
	if !ok {
		return fmt.Errorf("%s commits no shares", m.op.name)
	}
	if m.op.roster != nil {
		return errors.New("the ceremony has its shares already")
	}
	names := make([]string, len(e.Roster.Members))
	for i, member := range e.Roster.Members {
		names[i] = member.Name
	}
	same := e.Roster.Set == want.Set && e.Roster.Generation == want.Generation &&
		e.Roster.Threshold == want.Threshold && slices.Equal(names, want.Custodians)
	if !same || !slices.Equal(e.HSMs, want.HSMs) {
		return errors.New("set, generation, threshold, custodians or HSMs are not the intent's")
	}
	if m.op.name == rekeyShares {
		for _, serial := range e.HSMs {
			if !m.op.logins[serial] {
				return fmt.Errorf("no login shows that the shares so far open the HSM %s", serial)
			}
		}
		for _, serial := range e.HSMs {
			d := m.device(serial)
			d.Generations = union(d.Generations, want.Generation)
		}
	}
	roster := e.Roster
	m.op.roster, m.s.Roster = &roster, &roster
	m.finish(e, audit.CommitSession)
	return nil
}

// shares is what the ceremony's intent says of the shares that it will make.
func (o *operation) shares() (audit.IntentRekeyShares, bool) {
	switch intent := o.intent.(type) {
	case audit.IntentInitRoot:
		return audit.IntentRekeyShares{Set: intent.Set, Generation: intent.Generation, Threshold: intent.Threshold,
			Custodians: intent.Custodians, HSMs: []string{intent.HSM.Serial}}, true
	case audit.IntentRekeyShares:
		return intent, true
	default:
		return audit.IntentRekeyShares{}, false
	}
}

// union adds a generation to rising ones.
func union(generations []int, generation int) []int {
	at, found := slices.BinarySearch(generations, generation)
	if found {
		return generations
	}
	return slices.Insert(slices.Clone(generations), at, generation)
}

func (m *Machine) hsmBootstrapped(e audit.HSMBootstrapped) error {
	if err := m.mayUse(e.HSM.Serial); err != nil {
		return err
	}
	if m.op.bootstrapped {
		return errors.New("the ceremony has bootstrapped its HSM already")
	}
	device := HSM{Serial: e.HSM.Serial, Backend: e.HSM.Backend, Firmware: e.HSM.Firmware}
	switch intent := m.op.intent.(type) {
	case audit.IntentInitRoot:
		if e.HSM != intent.HSM {
			return errors.New("it is not the HSM of the intent")
		}
		device.Generations = []int{m.op.roster.Generation}
		m.s.HSMFleet = []HSM{device} // what an earlier attempt made ready holds no root's key
	case audit.IntentKeyBackup:
		if e.HSM != intent.To || !m.op.logins[intent.From.Serial] {
			return errors.New("it is not the HSM of the intent, or the one with the key was not opened")
		}
		device.Generations = slices.Clone(m.device(intent.From.Serial).Generations)
		m.op.pending = &device
	default:
		return fmt.Errorf("%s bootstraps no HSM", m.op.name)
	}
	m.op.bootstrapped, m.session.device = true, true
	return nil
}

// hsmLogin settles which shares open an HSM.
func (m *Machine) hsmLogin(e audit.HSMLogin) error {
	if err := m.mayUse(e.Serial); err != nil {
		return err
	}
	if m.op.name == initRoot && !m.op.bootstrapped {
		return errors.New("the HSM was not bootstrapped")
	}
	d := m.device(e.Serial)
	if d == nil {
		return fmt.Errorf("the HSM %s is not of the fleet", e.Serial)
	}
	if !slices.Contains(d.Generations, e.Generation) {
		return fmt.Errorf("the HSM %s opens to the generations %d, not to %d", e.Serial, d.Generations, e.Generation)
	}
	d.Generations = []int{e.Generation}
	m.op.logins[e.Serial], m.session.device = true, true
	return nil
}

func (m *Machine) hsmLog(e audit.HSMLog) error {
	if err := m.mayAsk(e.Serial); err != nil {
		return err
	}
	d := m.device(e.Serial)
	if d == nil {
		return fmt.Errorf("the HSM %s is not of the fleet", e.Serial)
	}
	d.LastLogNumber, d.LastLogDigest = e.LastNumber, e.LastDigest
	m.op.logs[e.Serial], m.session.device = true, true
	return nil
}

func (m *Machine) keyCopied(e audit.KeyCopied) error {
	if err := m.mayAsk(e.To); err != nil {
		return err
	}
	intent, ok := m.op.intent.(audit.IntentKeyBackup)
	if !ok || m.op.pending == nil || e.From != intent.From.Serial || e.To != intent.To.Serial {
		return errors.New("only key-backup does this, once, between the HSMs of its intent")
	}
	spki, err := base64.StdEncoding.DecodeString(e.SPKI)
	if err != nil {
		return fmt.Errorf("spki: %w", err)
	}
	digest := sha256.Sum256(spki)
	if k := m.s.Key; e.Label != k.Label || e.Spec != k.Spec || hex.EncodeToString(digest[:]) != k.SPKISHA256 {
		return errors.New("it is not the root's key")
	}
	m.s.HSMFleet = append(m.s.HSMFleet, *m.op.pending)
	m.op.pending, m.op.copied = nil, true
	return nil
}

// rekeyed reports whether every HSM that the ceremony was to change opens to the
// new shares, as far as is known, and one certainly does, with its log on record.
func (m *Machine) rekeyed(intent audit.IntentRekeyShares) bool {
	changed := 0
	for _, serial := range intent.HSMs {
		d := m.device(serial)
		if !slices.Contains(d.Generations, intent.Generation) {
			return false
		}
		if len(d.Generations) == 1 {
			if !m.op.logs[serial] {
				return false
			}
			changed++
		}
	}
	return changed > 0
}
