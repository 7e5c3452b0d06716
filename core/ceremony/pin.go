package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/quorum"
	"anodize/core/secret"
)

// committed is a commit session on the disc. Whatever gives an HSM a new PIN
// takes it.
type committed struct{ burned }

// splitPIN hands a PIN that nobody sees out in shares, and has every share typed
// back. It takes the PIN over; what it returns was recombined from what was typed.
func (c *Ceremony) splitPIN(ctx context.Context, pin *secret.Bytes, set uint16, generation int, policy quorum.Policy, names []string) (*secret.Bytes, quorum.Roster, error) {
	defer pin.Wipe()
	shares, roster, err := quorum.Split(pin, set, generation, policy, names)
	if err != nil {
		return nil, roster, fmt.Errorf("splitting the PIN: %w", err)
	}
	defer wipeShares(shares)
	if err := c.showShares(ctx, roster, shares, 0); err != nil {
		return nil, roster, err
	}
	typed, err := c.enterBack(ctx, roster)
	if err != nil {
		return nil, roster, err
	}
	defer wipeShares(typed)
	c.show(working("Recombining the PIN from every choice of custodians", "Whoever comes, the HSM must open."), true)
	if err := roster.VerifyEverySubset(typed); err != nil {
		return nil, roster, fmt.Errorf("recombining the shares that were typed: %w", err)
	}
	again, err := roster.Combine(typed)
	if err != nil {
		return nil, roster, fmt.Errorf("recombining the PIN: %w", err)
	}
	if !again.Equal(pin) {
		again.Wipe()
		return nil, roster, errors.New("recombining the PIN: it is not the one that was split")
	}
	return again, roster, nil
}

// commitShares burns who holds which share, and which HSMs will open to them.
func (c *Ceremony) commitShares(ctx context.Context, in *intended, roster quorum.Roster, serials []string) (committed, error) {
	log := in.record.Clone()
	if err := c.add(log, audit.SharesCommitted{Roster: recordOf(roster), HSMs: serials}); err != nil {
		return committed{}, err
	}
	next := ""
	if _, rekey := in.event.(audit.IntentRekeyShares); rekey {
		next = "Next the HSMs get the new PIN. Leave them plugged in. From now on keep all cards, old and new, until a screen says what may be destroyed."
	}
	b, err := c.burn(ctx, draft{step: commitStep, title: "Writing the custodians' commitments to the disc", log: log, next: next})
	if err != nil {
		return committed{}, err
	}
	in.record, err = c.afterBurn(b)
	return committed{b}, err
}

// bootstrap makes a factory-fresh HSM the ceremony's own, opened by the PIN.
func (c *Ceremony) bootstrap(ctx context.Context, in *intended, serial string, pin *secret.Bytes) error {
	p, err := c.needHSM(ctx, in, serial)
	if err != nil {
		return err
	}
	q := screen{title: "Making HSM " + serial + " ready", sentence: "It is reset, proved empty, and given the PIN. Leave it plugged in."}
	c.show(q, true)
	var done []audit.HSMStep
	err = p.device.Bootstrap(ctx, pin, func(s hsm.Step) {
		done = append(done, audit.HSMStep{Name: s.Name, Detail: s.Detail})
		q.body = doneSteps(done)
		c.progress(q)
	})
	if e := (audit.HSMBootstrapped{HSM: factsOf(p.info), Steps: done}); e.Reset() {
		if err := c.add(in.record, e); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("making HSM %s ready: %w", serial, err)
	}
	return nil
}

// doneSteps shows what was done to an HSM so far.
func doneSteps(done []audit.HSMStep) StepsBody {
	steps := make([]WorkStep, len(done))
	for i, d := range done {
		steps[i] = WorkStep{Label: capital(d.Name), State: Done}
	}
	return StepsBody{steps}
}

// factsOf is an HSM as the log names it.
func factsOf(i hsm.Info) audit.HSMFacts {
	return audit.HSMFacts{Backend: i.Backend, Serial: i.Serial, Firmware: i.Firmware}
}
