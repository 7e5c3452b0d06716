package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/state"
)

// retireHSM takes an HSM that is lost, destroyed or given away out of the fleet.
// No key is used, and the HSM need not be there.
type retireHSM struct{ serial string }

func (retireHSM) name() string  { return "retire-hsm" }
func (retireHSM) title() string { return "Retire an HSM" }

func (retireHSM) needs(phase int) bool { return phase != quorumPhase }

func (op retireHSM) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	s := c.table.archive.state
	d, known := s.Device(op.serial)
	if !known || len(s.HSMFleet) < 2 {
		return nil, fmt.Errorf("HSM %s is the last that holds the key: back the key up first", op.serial)
	}
	reason, err := c.askText(ctx, question{
		title: "Why is HSM " + op.serial + " retired?", sentence: "Your words go on record. No key is used, and the HSM need not be there.",
		label: "In a few words", hint: "Lost, destroyed, given away; when, and who saw it", limit: 400, done: "That is why", back: "Back to the menu",
		check: func(s string) error {
			if len(s) < 3 {
				return errors.New("say in a few words why")
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &proposal{
		intent: audit.IntentRetireHSM{HSM: audit.HSMFacts{Backend: d.Backend, Serial: d.Serial, Firmware: d.Firmware}, Reason: reason}, sessions: 2,
		preview: []FactGroup{
			{Title: "The HSM", Facts: []Fact{{Name: "Serial number", Value: d.Serial, Mono: true}, {Name: "Reason", Value: reason}}},
			{Title: "What will happen", Facts: []Fact{
				{Name: "First", Value: "The intent is written to the disc, then the record"},
				{Name: "Then", Value: "No ceremony opens this HSM any more. What it did stays on record"},
				{Name: "The key in it", Value: "Is not touched: destroy the HSM, or reset it by holding its metal rim for 10 seconds while plugging it in"},
			}},
		},
		notice: Notice{Kind: Caution, Text: "As long as the HSM exists and was not reset, the cards of generation " + orList(d.Generations) + " open it."},
	}, nil
}

func (op retireHSM) carryOut(_ context.Context, c *Ceremony, in *intended) (*executed, error) {
	c.phase(executePhase)
	intent, ok := in.event.(audit.IntentRetireHSM)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", in.event.Name())
	}
	d, _ := c.table.archive.state.Device(intent.HSM.Serial)
	if err := c.add(in.record, audit.HSMRetired{Serial: intent.HSM.Serial}); err != nil {
		return nil, err
	}
	return &executed{intended: in, burning: draft{step: retireStep, title: "Writing the record to the disc"}, closing: &MessageBody{
		Happened: "HSM " + intent.HSM.Serial + " is retired. No ceremony opens it any more.",
		Certain:  []string{"The record of it, with your words, is on the disc.", "Nothing was asked of the HSM: the key in it is not touched."},
		Do:       "If it is at hand, destroy or reset it. If it is lost, " + op.shutOut(c.table.archive.state, d) + ": then nobody can open it.",
	}}, nil
}

// shutOut says how an HSM that is lost is kept from being opened: its cards are
// destroyed, which others of the fleet may still need.
func (retireHSM) shutOut(s state.State, lost state.HSM) string {
	destroy := "destroy the cards of generation " + andList(lost.Generations)
	for _, d := range s.HSMFleet {
		for _, g := range d.Generations {
			if d.Serial != lost.Serial && slices.Contains(lost.Generations, g) {
				return "choose “New custodians” next, with every HSM plugged in, and when the screen says so " + destroy
			}
		}
	}
	return destroy + " now"
}

var retireStep = step{audit.RecordSession, "the record", "The HSM is not retired until the record is on the disc. Nothing was asked of it."}
