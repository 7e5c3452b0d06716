package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/quorum"
	"anodize/core/secret"
	"anodize/core/state"
)

// rekeyShares gives the shares to new custodians: a new PIN takes the old one's
// place in every HSM of the fleet that is there.
type rekeyShares struct{ policy quorum.Policy }

func (*rekeyShares) name() string  { return "rekey-shares" }
func (*rekeyShares) title() string { return "New custodians" }

func (op *rekeyShares) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	s := c.table.archive.state
	if s.Roster == nil {
		return nil, errors.New("planning new custodians: the archive has no custodians on record")
	}
	here, absent := c.fleetHere(ctx)
	old, err := oneGeneration(here)
	if err != nil {
		return nil, err
	}
	names, policy, err := c.askCustodians(ctx)
	if err != nil {
		return nil, err
	}
	op.policy = policy
	intent := audit.IntentRekeyShares{
		Set: s.Roster.Set, Generation: s.ShareGeneration + 1, Threshold: policy.Threshold, Custodians: names,
		HSMs: serialNumbers(here), Absent: serialNumbers(absent),
	}
	p := &proposal{
		intent: intent, preview: op.preview(intent, old), sessions: 3, opens: intent.HSMs,
		actions: []hsm.Action{hsm.Login, hsm.PINChange, hsm.Login, hsm.PINChange, hsm.Login}, // the last two if all is undone
		notice:  Notice{Kind: Caution, Text: "The cards so far open nothing any more once this is done. Keep them until this ceremony says that they may be destroyed."},
	}
	if len(absent) > 0 {
		p.notice.Text = fmt.Sprintf("HSM %s is not here: it goes on opening to the cards of generation %s. They must be kept until it was brought up to date.", and(intent.Absent), generationsOf(absent, intent.Generation))
	}
	return p, nil
}

func (op *rekeyShares) preview(i audit.IntentRekeyShares, old int) []FactGroup {
	devices := []Fact{{Name: "To be changed", Value: "HSM " + and(i.HSMs), Mono: true}}
	if len(i.Absent) > 0 {
		devices = append(devices, Fact{Name: "Not here", Value: "HSM " + and(i.Absent), Mono: true})
	}
	return []FactGroup{
		{Title: "The new custodians", Facts: []Fact{
			{Name: "To open an HSM", Value: someOf(i.Threshold, len(i.Custodians)) + " custodians"},
			{Name: "In this order", Value: strings.Join(i.Custodians, ", ")},
			{Name: "Their cards", Value: fmt.Sprintf("set %04X, generation %d; those so far are of generation %d", i.Set, i.Generation, old)},
		}},
		{Title: "The HSMs", Facts: devices},
		{Title: "What will happen", Facts: []Fact{
			{Name: "First", Value: "A quorum of the custodians so far opens the HSMs"},
			{Name: "Then", Value: fmt.Sprintf("A new PIN is split into %d shares, each shown to its custodian and typed back, and written to the disc as commitments", len(i.Custodians))},
			{Name: "At last", Value: "Each HSM gets the new PIN and is opened with it. If one refuses, all go back to the old one"},
		}},
	}
}

// fleetHere are the HSMs of the fleet that are plugged in and answer, and the
// others, each in order of serial number.
func (c *Ceremony) fleetHere(ctx context.Context) (here, absent []state.HSM) {
	there, _ := c.pluggedHSMs(ctx)
	serials := serialsOf(there)
	for _, d := range c.table.archive.state.HSMFleet {
		if slices.Contains(serials, d.Serial) {
			here = append(here, d)
		} else {
			absent = append(absent, d)
		}
	}
	order := func(a, b state.HSM) int { return strings.Compare(a.Serial, b.Serial) }
	slices.SortFunc(here, order)
	slices.SortFunc(absent, order)
	return here, absent
}

func serialNumbers(all []state.HSM) []string {
	serials := make([]string, len(all))
	for i, d := range all {
		serials[i] = d.Serial
	}
	return serials
}

// generationsOf names the generations of shares that some HSMs may open to, but for
// the new one, whose cards are kept in any case.
func generationsOf(all []state.HSM, fresh int) string {
	var generations []int
	for _, d := range all {
		generations = append(generations, d.Generations...)
	}
	generations = slices.DeleteFunc(generations, func(g int) bool { return g == fresh })
	slices.Sort(generations)
	return andList(slices.Compact(generations))
}

// oneGeneration refuses HSMs that do not all open to the same shares: a quorum
// recombines one PIN.
func oneGeneration(here []state.HSM) (int, error) {
	if len(here) == 0 {
		return 0, errors.New("planning new custodians: no HSM of the fleet answers")
	}
	want := here[len(here)-1].Generations
	for _, d := range here {
		if len(d.Generations) != 1 {
			return 0, notOne(d)
		}
		if d.Generations[0] != want[0] {
			older := d
			if want[0] < d.Generations[0] {
				older = here[len(here)-1]
			}
			return 0, notOne(older)
		}
	}
	return want[0], nil
}

func notOne(d state.HSM) error {
	return fmt.Errorf("HSM %s %s: bring it up to date first, under “The HSMs”, or take it out", d.Serial, opensTo(d))
}

func (op *rekeyShares) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	intent, ok := in.event.(audit.IntentRekeyShares)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", in.event.Name())
	}
	old, err := c.quorumKey(ctx, intent.HSMs[0], "First the old cards: they still open the HSMs.")
	if err != nil {
		return nil, err
	}
	defer old.pin.Wipe()
	for _, serial := range intent.HSMs {
		o, err := c.open(ctx, in, serial, old)
		if err != nil {
			return nil, err
		}
		if err := c.checkLog(ctx, in, o); err != nil {
			return nil, err
		}
	}
	drawn, err := op.newPIN(ctx, c, in.hsms[0])
	if err != nil {
		return nil, err
	}
	pin, roster, err := c.splitPIN(ctx, drawn, intent.Set, intent.Generation, op.policy, intent.Custodians)
	if err != nil {
		return nil, err
	}
	defer pin.Wipe()
	done, err := c.commitShares(ctx, in, roster, intent.HSMs)
	if err != nil {
		return nil, err
	}
	c.phase(executePhase)
	return &unlocked{intended: in}, c.changePINs(ctx, in, done, intent.HSMs, old, key{pin, intent.Generation})
}

// newPIN mixes the kernel's randomness with that of an opened HSM.
func (op *rekeyShares) newPIN(ctx context.Context, c *Ceremony, o *openedHSM) (*secret.Bytes, error) {
	c.show(working("Making the PIN", "Half of its randomness comes from the HSM, half from this machine."), true)
	drawn, err := o.session.Random(ctx, 2*quorum.PINSize)
	if err != nil {
		return nil, fmt.Errorf("drawing randomness from HSM %s: %w", o.info.Serial, err)
	}
	defer secret.Wipe(drawn)
	return quorum.NewPIN(c.random, drawn)
}

func (op *rekeyShares) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentRekeyShares)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	c.newWork("Reading the HSMs' own logs", "They tell what was done to each.", "Reading the HSMs' own logs")
	if err := c.recordLogs(ctx, u.intended); err != nil {
		return nil, err
	}
	return rekeyed(u.intended, intent.Generation)
}

// rekeyed says, by the log that is about to be burned, which HSMs open to the
// shares of a generation, and what is to be done with the older cards.
func rekeyed(in *intended, generation int) (*executed, error) {
	s, err := state.Replay(in.record)
	if err != nil {
		return nil, err
	}
	var changed []string
	var others []state.HSM
	for _, d := range s.HSMFleet {
		if len(d.Generations) == 1 && d.Generations[0] == generation {
			changed = append(changed, d.Serial)
		} else {
			others = append(others, d)
		}
	}
	m := &MessageBody{
		Happened: fmt.Sprintf("The cards of generation %d open HSM %s.", generation, and(changed)),
		Do:       fmt.Sprintf("Destroy all cards of earlier generations than %d now, before the witnesses: no HSM in use opens to them any more.", generation),
	}
	for _, serial := range changed {
		m.Certain = append(m.Certain, fmt.Sprintf("It is on record that HSM %s was opened with the PIN of generation %d.", serial, generation))
	}
	for _, d := range others {
		m.Certain = append(m.Certain, "HSM "+d.Serial+" "+opensTo(d)+".")
	}
	if len(others) > 0 {
		m.Do = fmt.Sprintf("Keep the cards of generation %s, too: HSM %s may need them. Bring it up to date under “The HSMs” as soon as it is there; then the screen says that they may be destroyed.",
			generationsOf(others, generation), and(serialNumbers(others)))
	}
	return &executed{intended: in, closing: m, burning: draft{step: changedStep, title: "Writing the record to the disc"}}, nil
}

var changedStep = step{audit.RecordSession, "the record", "The HSMs have their PINs, and the disc says of each which cards may open it. Keep all cards until the record is on the disc."}

// opensTo says to which cards an HSM opens.
func opensTo(d state.HSM) string {
	if len(d.Generations) == 1 {
		return fmt.Sprintf("opens to the cards of generation %d", d.Generations[0])
	}
	return "may open to the cards of generation " + orList(d.Generations)
}
