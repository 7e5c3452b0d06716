package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/profile"
)

// table is what the gates have established, in their order. A zero field is a
// gate still to pass. Taking a device away empties its field and all after it.
type table struct {
	clock   bool
	stick   Stick
	profile *profile.Profile
	hsms    []string   // serial numbers of all that were compared
	hsm     hsm.Device // the one that the ceremony opens
	hsmInfo hsm.Info
	drive   *disc.Drive
	disc    *disc.Medium
	archive *archived
	notice  string // why the clock is asked for again
}

// gates walks the gates in order and returns when all of them hold.
func (c *Ceremony) gates(ctx context.Context) error {
	c.publish(func(v *View) { v.Operation, v.Phases = "Before we begin", phases(0) })
	for _, gate := range []func(context.Context) error{
		c.machineGate, c.clockGate, c.shuttleGate, c.profileGate, c.hsmGate, c.discGate,
	} {
		if err := gate(ctx); err != nil {
			return err
		}
	}
	return nil
}

var phaseNames = [7]string{"Preflight", "Plan", "Commit", "Quorum", "Execute", "Record", "Export"}

// phases is the rail with the n-th phase (from 0) current and those before done.
func phases(n int) (p [7]Phase) {
	for i, name := range phaseNames {
		p[i] = Phase{Name: name, State: ToCome}
		switch {
		case i < n:
			p[i].State = Done
		case i == n:
			p[i].State = Current
		}
	}
	return p
}

// Phases of an operation by their place in the rail.
const (
	planPhase = 1 + iota
	commitPhase
	quorumPhase
	executePhase
	recordPhase
	exportPhase
)

// enter shows that an operation begins.
func (c *Ceremony) enter(op operation) {
	c.needs = op.needs
	c.publish(func(v *View) { v.Operation = op.title() })
	c.phase(planPhase)
}

// phase marks the n-th phase (from 0) of the operation as the current one.
func (c *Ceremony) phase(n int) {
	p := phases(n)
	for i := range p {
		if !c.needs(i) {
			p[i].State = NotNeeded
		}
	}
	c.publish(func(v *View) { v.Phases = p })
}

// shuttleGate passes when a stick is plugged in and the operator wants it.
func (c *Ceremony) shuttleGate(ctx context.Context) error {
	for c.table.stick == nil {
		stick, err := c.room.Stick(ctx)
		if err != nil {
			if err := c.await(ctx, err, missing{
				title: "Put the USB stick in", sentence: "It carries profile.toml and the requests, and takes the certificates away.", gate: 1,
				look: func() error { _, err := c.room.Stick(ctx); return err },
			}); err != nil {
				return err
			}
			continue
		}
		names, err := stick.List(ctx)
		if err != nil {
			return fmt.Errorf("listing the files on the stick: %w", err)
		}
		c.lamps()
		facts := []Fact{{Name: "Files", Value: plural(len(names), "file")}}
		for _, name := range names[:min(len(names), maxListed)] {
			facts = append(facts, Fact{Value: name, Mono: true})
		}
		if _, err := c.askGate(ctx, screen{
			title: "Is this the stick?", sentence: "Look at its files. If it is another one, take it out and put the right one in.",
			body:    FactsBody{[]FactGroup{{Facts: facts}}},
			actions: []Action{shutDown, {ID: "use", Label: "Use this stick", Key: "Enter", Kind: Primary}},
		}, func() bool { _, err := c.room.Stick(ctx); return err != nil }); err != nil {
			return err
		}
		c.table.stick = stick
		c.lamps()
	}
	return nil
}

// maxListed is how many names a screen lists.
const maxListed = 64

// profileName is the file that the profile is read from.
const profileName = "profile.toml"

// profileGate passes when the stick holds a good profile and people agreed.
func (c *Ceremony) profileGate(ctx context.Context) error {
	for c.table.profile == nil {
		p, err := c.readProfile(ctx)
		if err != nil {
			if err := c.profileProblem(ctx, err); err != nil {
				return err
			}
			continue
		}
		c.publish(func(v *View) { v.CA = p.CA.CommonName })
		hash := p.Hash()
		if _, err := c.askGate(ctx, screen{
			title: "Is this the profile?", sentence: "It decides what the certificates say. Compare it with your printout; if it differs, take the stick out.",
			body:    FactsBody{profileFacts(p, hexOf(hash[:]), c.mode)},
			actions: []Action{shutDown, {ID: "use", Label: "It is the profile", Key: "Enter", Kind: Primary}},
		}, c.lostDevice(ctx)); err != nil {
			return err
		}
		c.table.profile = p
		c.lamps()
	}
	return nil
}

func (c *Ceremony) readProfile(ctx context.Context) (*profile.Profile, error) {
	data, err := c.table.stick.ReadFile(ctx, profileName, profile.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("reading %s from the stick: %w", profileName, err)
	}
	return profile.Parse(data)
}

// profileProblem says what is wrong with the profile and waits for another.
func (c *Ceremony) profileProblem(ctx context.Context, problem error) error {
	var list profile.Problems
	q := screen{
		title: "The profile cannot be used", sentence: "Mend profile.toml on an ordinary computer, put the stick back and read it again.",
		body:    MessageBody{Happened: capital(problem.Error()) + "."},
		actions: []Action{shutDown, {ID: "again", Label: "Read it again", Key: "Enter", Kind: Primary}},
	}
	if errors.As(problem, &list) {
		var f []Finding
		for _, p := range list {
			f = append(f, Finding{Level: "ERROR", Check: fmt.Sprintf("line %d", p.Line), What: p.Key + ": " + p.What + ". " + capital(p.Instead) + "."})
		}
		q.body = FindingsBody{f}
	}
	_, err := c.askGate(ctx, q, c.lostDevice(ctx))
	return err
}

func profileFacts(p *profile.Profile, hash string, mode Mode) []FactGroup {
	ca := []Fact{
		{Name: "Common name", Value: mode.NamePrefix() + p.CA.CommonName},
		{Name: "Organization", Value: p.CA.Organization},
		{Name: "Country", Value: p.CA.Country},
		{Name: "CRL address", Value: p.CA.CDPURL, Mono: true},
		{Name: "Root valid for", Value: plural(p.CA.ValidityDays, "day")},
		{Name: "CRL valid for", Value: plural(p.CA.CRLValidityDays, "day")},
		{Name: "SHA-256", Value: groups(hash), Mono: true},
	}
	key := []Fact{
		{Name: "Kept in", Value: hsmKind(string(p.HSM.Backend))}, {Name: "Label", Value: p.HSM.KeyLabel, Mono: true}, {Name: "Kind", Value: keyKind(string(p.HSM.KeySpec))},
	}
	var certs []Fact
	for _, cp := range p.CertProfiles {
		certs = append(certs, Fact{Name: cp.Name, Value: certificateKind(cp)})
	}
	return []FactGroup{{Title: "Certificate authority", Facts: ca}, {Title: "Key", Facts: key}, {Title: "Certificates it may issue", Facts: certs}}
}

// certificateKind tells what a certificate of a profile may be.
func certificateKind(cp profile.CertProfile) string {
	below := "no CA below it"
	if cp.PathLen > 0 {
		below = "at most " + plural(cp.PathLen, "CA") + " below it in a path"
	}
	return plural(cp.ValidityDays, "day") + ", " + below
}

// hsmGate passes when an HSM answers and people compared the serial number of
// each that is there. Which of them the ceremony opens is known with the disc.
func (c *Ceremony) hsmGate(ctx context.Context) error {
	for c.table.hsm == nil {
		there, err := c.pluggedHSMs(ctx)
		if err != nil {
			if err := c.await(ctx, err, missing{
				title: "Put the HSM in", sentence: "Take it from its sealed bag, and note the seal's number.", gate: 3,
				look: func() error { _, err := c.pluggedHSMs(ctx); return err },
			}); err != nil {
				return err
			}
			continue
		}
		c.lamps()
		serials := serialsOf(there)
		q := screen{
			title: "Is this the HSM?", sentence: "Compare the serial number with the one printed on the device; if it differs, take the HSM out.",
			body:    FactsBody{hsmGroups(there)},
			actions: []Action{shutDown, {ID: "use", Label: "The same number", Key: "Enter", Kind: Primary}},
		}
		if len(there) > 1 {
			q.title, q.sentence = "Are these the HSMs?", "Compare each serial number with the ones printed on the devices; take out what is not wanted."
			q.actions[1].Label = "The same numbers"
		}
		lost := c.lostDevice(ctx)
		if _, err := c.askGate(ctx, q, func() bool { return lost() || !c.sameHSMs(ctx, serials) }); err != nil {
			return err
		}
		c.table.hsms, c.table.hsm, c.table.hsmInfo = serials, there[0].device, there[0].info
		c.lamps()
	}
	return nil
}

func hsmGroups(there []plugged) []FactGroup {
	var groups []FactGroup
	for _, p := range there {
		groups = append(groups, FactGroup{Facts: []Fact{
			{Name: "Serial number", Value: p.info.Serial, Mono: true}, {Name: "Kind", Value: hsmKind(p.info.Backend)}, {Name: "Firmware", Value: p.info.Firmware, Mono: true},
			{Name: "Its own log", Value: fmt.Sprintf("%d of %d entries used", p.info.LogUsed, p.info.LogTotal)},
		}})
	}
	return groups
}

// missing is what a gate waits for.
type missing struct {
	title, sentence string
	gate            int
	look            func() error // why it cannot be had
	ready           func() bool  // besides, if it can: that it serves; may be nil
}

// told is what people are told, who can see for themselves that something is not there.
func told(problem error) string {
	if problem == nil || errors.Is(problem, ErrAbsent) {
		return ""
	}
	return problem.Error()
}

func (m missing) there() bool { return m.look() == nil && (m.ready == nil || m.ready()) }

// await shows which gates hold and waits until the missing thing is there, or
// something else is to be said of it. The operator may also look again by hand: a
// device that answers with an error gives no notice when it is well again.
func (c *Ceremony) await(ctx context.Context, problem error, m missing) error {
	names := []string{"The clock is confirmed", "The USB stick", "The profile", "The HSM", "The disc"}
	steps := make([]WorkStep, len(names))
	for i, name := range names {
		steps[i] = WorkStep{Label: name, Fraction: -1}
		switch {
		case i < m.gate:
			steps[i].State = Done
		case i == m.gate:
			steps[i].State = Current
			steps[i].Detail = "waiting"
		}
	}
	q := screen{
		title: m.title, sentence: m.sentence, body: StepsBody{steps},
		actions: []Action{shutDown, {ID: "again", Label: "Look again", Key: "Enter", Kind: Primary}},
	}
	before := told(problem)
	if before != "" {
		q.notice = Notice{Kind: Danger, Text: capital(before) + "."}
	}
	if m.ready != nil { // the problem may have come later than a look
		before = told(m.look())
	}
	c.lamps()
	earlier, lost := c.lostDevice(ctx), false
	_, err := c.askGate(ctx, q, func() bool {
		lost = earlier()
		return lost || told(m.look()) != before || m.there()
	})
	if errors.Is(err, errChanged) && !lost {
		return nil
	}
	return err
}

// askGate asks a question that can be answered by shutting down; it is asked again if
// people think better of that. It also shows what the machine warns of, where the screen
// has no notice of its own.
func (c *Ceremony) askGate(ctx context.Context, q screen, until func() bool) (Event, error) {
	for {
		warned := c.environment().Warning
		e, err := c.ask(ctx, q.warning(warned), func() bool {
			if w := c.environment().Warning; w != warned {
				warned = w
				c.publish(func(v *View) { v.Notice = q.warning(w).notice })
			}
			return until != nil && until()
		})
		if err != nil || e != (Press{shutDown.ID}) {
			return e, err
		}
		if err := c.askEnding(ctx); !errors.Is(err, errBack) {
			return nil, err
		}
		if until != nil && until() { // while nobody looked
			return nil, errChanged
		}
	}
}

// warning is the screen with a warning on it, if it has no notice.
func (q screen) warning(text string) screen {
	if q.notice.Text == "" && text != "" {
		q.notice = Notice{Kind: Caution, Text: text}
	}
	return q
}

// lostDevice returns a function that says whether something the gates have
// established is gone, and empties its gate and all after it.
func (c *Ceremony) lostDevice(ctx context.Context) func() bool {
	return func() bool {
		defer c.lamps()
		t := &c.table
		if t.stick != nil {
			if stick, err := c.room.Stick(ctx); err != nil || stick != t.stick {
				c.table = table{clock: t.clock}
				return true
			}
		}
		if t.hsm != nil && !c.hsmThere(ctx) {
			c.table = table{clock: t.clock, stick: t.stick, profile: t.profile}
			return true
		}
		if t.disc != nil && !c.discThere(ctx) {
			t.drive, t.disc, t.archive = nil, nil, nil
			return true
		}
		return false
	}
}

// hsmThere says whether the HSM that was compared still answers.
func (c *Ceremony) hsmThere(ctx context.Context) bool {
	info, err := c.table.hsm.Info(ctx)
	return err == nil && info.Serial == c.table.hsmInfo.Serial
}

// discThere says whether the disc that was read is still in the drive, unchanged.
func (c *Ceremony) discThere(ctx context.Context) bool {
	m, err := c.table.drive.Medium(ctx)
	return err == nil && m.Identity == c.table.disc.Identity
}

// lamps shows which devices are there, and which of them the gates have passed.
func (c *Ceremony) lamps() {
	ctx, t := context.Background(), &c.table
	_, noStick := c.room.Stick(ctx)
	_, noDrive := c.room.Drive(ctx)
	stick := lamp(noStick, t.stick != nil, "Stick", "No stick")
	medium := lamp(noDrive, t.disc != nil, "Disc", "No disc")
	if t.disc != nil && noDrive == nil {
		medium.Word = "Disc, " + plural(t.disc.SessionsLeft, "session") + " free"
	}
	device := Lamp{Word: "HSM"} // which kind to look for is not known before the profile
	if t.profile != nil {
		_, noHSM := c.room.HSMs(ctx, string(t.profile.HSM.Backend))
		device = lamp(noHSM, t.hsm != nil, "HSM", "No HSM")
		if t.hsm != nil && noHSM == nil {
			device.Word = "HSM " + t.hsmInfo.Serial
		}
	}
	c.publish(func(v *View) { v.Stick, v.HSM, v.Disc = stick, device, medium })
}

// lamp is a device's: one that cannot be had although something is plugged in, as where
// there are two, needs people and is not absent.
func lamp(problem error, passed bool, word, absent string) Lamp {
	switch {
	case errors.Is(problem, ErrAbsent):
		return Lamp{Absent, absent}
	case problem == nil && passed:
		return Lamp{There, word}
	}
	return Lamp{NeedsYou, word}
}
