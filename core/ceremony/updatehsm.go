package ceremony

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/state"
)

// updateHSM gives an HSM that was absent or silent when the PIN was changed the
// PIN that opens the others.
type updateHSM struct{ serial string }

func (updateHSM) name() string  { return "update-hsm" }
func (updateHSM) title() string { return "Update an HSM" }

// behind is the generation of shares to which an HSM of the fleet should open; 0
// if it certainly does. It is the newest one that certainly opens any HSM, or, if
// nothing is certain, that may.
func behind(s state.State, d state.HSM) int {
	certain, possible := 0, 0
	for _, other := range s.HSMFleet {
		newest := other.Generations[len(other.Generations)-1]
		possible = max(possible, newest)
		if len(other.Generations) == 1 {
			certain = max(certain, newest)
		}
	}
	want := cmp.Or(certain, possible)
	if slices.Equal(d.Generations, []int{want}) {
		return 0
	}
	return want
}

func (op updateHSM) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	s := c.table.archive.state
	d, known := s.Device(op.serial)
	to := behind(s, d)
	if !known || to == 0 {
		return nil, fmt.Errorf("HSM %s opens to these cards already", op.serial)
	}
	if _, ok := c.findHSM(ctx, op.serial); !ok {
		return nil, fmt.Errorf("HSM %s is not plugged in: plug it in, and begin again", op.serial)
	}
	intent := audit.IntentUpdateHSM{HSM: audit.HSMFacts{Backend: d.Backend, Serial: d.Serial, Firmware: d.Firmware}, Generation: to}
	return &proposal{
		intent: intent, sessions: 2, opens: []string{op.serial}, actions: []hsm.Action{hsm.Login, hsm.PINChange, hsm.Login},
		preview: []FactGroup{
			{Title: "The HSM", Facts: []Fact{
				{Name: "Serial number", Value: d.Serial, Mono: true}, {Name: "So far", Value: "It " + opensTo(d)},
				{Name: "From then on", Value: fmt.Sprintf("It opens to the cards of generation %d", to)},
			}},
			{Title: "What will happen", Facts: []Fact{
				{Name: "First", Value: fmt.Sprintf("A quorum types the cards of generation %d, and the HSM is tried with them: it may open already", to)},
				{Name: "Then", Value: fmt.Sprintf("If it does not, a quorum types the cards of generation %s. They open it, and it gets the PIN of generation %d", orList(older(d, to)), to)},
			}},
		},
	}, nil
}

// older are the generations of shares that may open an HSM, besides the one to which
// it is brought.
func older(d state.HSM, to int) []int {
	return slices.DeleteFunc(slices.Clone(d.Generations), func(g int) bool { return g == to })
}

func (op updateHSM) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	intent, ok := in.event.(audit.IntentUpdateHSM)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", in.event.Name())
	}
	d, _ := c.table.archive.state.Device(intent.HSM.Serial)
	fresh, err := c.recombine(ctx, holders{serial: d.Serial, generations: []int{intent.Generation}, lead: fmt.Sprintf("First the cards of generation %d.", intent.Generation)})
	if err != nil {
		return nil, err
	}
	defer fresh.pin.Wipe()
	o, err := c.open(ctx, in, d.Serial, fresh)
	switch {
	case err == nil:
		return &unlocked{in, o}, c.checkLog(ctx, in, o)
	case !errors.Is(err, hsm.ErrWrongPIN):
		return nil, err
	}
	earlier := older(d, intent.Generation)
	old, err := c.recombine(ctx, holders{serial: d.Serial, generations: earlier, lead: fmt.Sprintf(
		"HSM %s does not open to the cards of generation %d. Now those of generation %s.", d.Serial, intent.Generation, orList(earlier))})
	if err != nil {
		return nil, err
	}
	defer old.pin.Wipe()
	if o, err = c.start(ctx, in, d.Serial, old); err != nil {
		return nil, err
	}
	if err := c.checkLog(ctx, in, o); err != nil {
		return nil, err
	}
	return &unlocked{intended: in}, op.change(ctx, c, in, d.Serial, old, fresh)
}

// change gives the HSM the present PIN. Its shares are on the disc since the
// ceremony that made them.
func (op updateHSM) change(ctx context.Context, c *Ceremony, in *intended, serial string, old, fresh key) error {
	c.phase(executePhase)
	switch at, err := c.givePIN(ctx, in, serial, old, fresh); at {
	case opensFresh:
		return c.recordLogins(in, []string{serial}, fresh)
	case opensOld:
		return errors.Join(fmt.Errorf("HSM %s refused the new PIN: %w", serial, err), c.recordLogins(in, []string{serial}, old))
	default:
		in.forget(ctx, serial)
		return fmt.Errorf("changing the PIN of HSM %s: %w", serial, err)
	}
}

func (op updateHSM) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentUpdateHSM)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	c.newWork("Reading the HSM's own log", "It tells what was done.", "Reading the HSM's own log")
	if err := c.recordLogs(ctx, u.intended); err != nil {
		return nil, err
	}
	return rekeyed(u.intended, intent.Generation)
}
