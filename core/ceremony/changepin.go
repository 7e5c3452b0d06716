package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// changePINs gives HSMs a new PIN, one after the other. Every HSM that answers
// ends on the same PIN: if one refuses the new one, those that took it go back.
// One that falls silent, and is given up by the people, stays as it is found
// later: the commit session says that either PIN may open it.
//
// It takes the commit session: the new shares are known to be right, and are on
// the disc.
func (c *Ceremony) changePINs(ctx context.Context, in *intended, _ committed, serials []string, old, fresh key) error {
	var changed []string
	for _, serial := range serials {
		at, err := c.givePIN(ctx, in, serial, old, fresh)
		switch {
		case at == opensFresh:
			changed = append(changed, serial)
		case at == opensNeither:
			in.forget(ctx, serial)
			if !errors.Is(err, errSilent) {
				return err
			}
		default:
			return c.undo(ctx, in, changed, serial, old, fresh, err)
		}
	}
	if len(changed) == 0 {
		return errors.New("no HSM answered after its PIN was to be changed: which cards open it is found out at its next login. Keep the cards so far, and the new ones")
	}
	return c.recordLogins(in, changed, fresh)
}

// undo gives HSMs that took the new PIN the old one again, since another refused.
func (c *Ceremony) undo(ctx context.Context, in *intended, changed []string, refused string, old, fresh key, problem error) error {
	back := []string{refused}
	var stuck []string
	for _, serial := range changed {
		switch at, _ := c.givePIN(ctx, in, serial, fresh, old); at {
		case opensFresh: // the old one, which is given here
			back = append(back, serial)
		case opensOld:
			stuck = append(stuck, serial)
		default:
			in.forget(ctx, serial)
		}
	}
	slices.Sort(back)
	problem = fmt.Errorf("HSM %s refused the new PIN, and HSM %s opens to the old cards again: %w", refused, and(back), problem)
	if len(stuck) > 0 {
		problem = fmt.Errorf("%w; but HSM %s did not go back, and opens to the new cards", problem, and(stuck))
	}
	return errors.Join(problem, c.recordLogins(in, back, old), c.recordLogins(in, stuck, fresh))
}

// recordLogins puts on record which HSMs were opened with a PIN.
func (c *Ceremony) recordLogins(in *intended, serials []string, k key) error {
	for _, serial := range serials {
		if err := c.add(in.record, audit.HSMLogin{Serial: serial, Generation: k.generation}); err != nil {
			return err
		}
	}
	return nil
}

// opens says which of two PINs an HSM opens to.
type opens int

const (
	opensNeither opens = iota // it does not answer, or to none of them
	opensOld
	opensFresh
)

// errSilent says that people went on without an HSM that did not answer.
var errSilent = errors.New("it did not answer, and the ceremony went on without it")

// givePIN changes the PIN of an HSM, and opens it with the one that it has then.
// A change whose outcome is not known is settled by opening it. One that is known
// not to have been done is tried once more.
func (c *Ceremony) givePIN(ctx context.Context, in *intended, serial string, old, fresh key) (opens, error) {
	c.show(working("Changing the PIN of HSM "+serial, "Then it is opened with the new one. Leave it plugged in."), true)
	var problem error
	for range 2 {
		o := in.with(serial)
		if o == nil {
			return opensNeither, fmt.Errorf("changing the PIN of HSM %s: it is not open", serial)
		}
		err := o.session.ChangePIN(ctx, fresh.pin)
		at, settleErr := c.settle(ctx, in, serial, fresh, old)
		switch {
		case settleErr != nil:
			return opensNeither, settleErr
		case at == opensFresh:
			return opensFresh, nil
		}
		problem = err
	}
	if problem == nil {
		problem = errors.New("it says that it was changed, and was not")
	}
	return opensOld, problem
}

// settle opens an HSM with the PIN that it should have by now, or else with the
// one that it had. One that does not answer is tried twice, then the people say
// whether it is tried again; the error is then errSilent.
func (c *Ceremony) settle(ctx context.Context, in *intended, serial string, fresh, old key) (opens, error) {
	for try := 1; ; try++ {
		at, err := c.tryPINs(ctx, in, serial, fresh, old)
		switch {
		case ctx.Err() != nil:
			return opensNeither, ctx.Err()
		case err == nil:
			return at, nil
		case try < 2:
			continue
		}
		e, askErr := c.ask(ctx, screen{
			title: "HSM " + serial + " does not answer", sentence: "Which cards open it is not known just now.",
			body: MessageBody{
				Happened: capital(err.Error()) + ".",
				Certain:  []string{"It opens to the cards so far, or to the new ones.", "The disc says of both who holds them. Nothing is lost."},
				Do:       "Plug it in again and try again. Or go on without it: the record lists it, and all cards, old and new, must be kept until it was brought up to date.",
			},
			actions: []Action{
				{ID: "without", Label: "Go on without it", Key: "Esc", Kind: Stop}, {ID: "again", Label: "Try again", Key: "Enter", Kind: Primary},
			},
		}, nil)
		if askErr != nil {
			return opensNeither, askErr
		}
		if e == (Press{"without"}) {
			return opensNeither, errSilent
		}
	}
}

// tryPINs opens an HSM with one of two PINs, and keeps the session.
func (c *Ceremony) tryPINs(ctx context.Context, in *intended, serial string, fresh, old key) (opens, error) {
	p, ok := c.findHSM(ctx, serial)
	if !ok {
		return opensNeither, fmt.Errorf("HSM %s is not plugged in, or does not answer", serial)
	}
	session, err := p.device.Open(ctx, fresh.pin)
	at := opensFresh
	if errors.Is(err, hsm.ErrWrongPIN) {
		session, err = p.device.Open(ctx, old.pin)
		at = opensOld
	}
	if err != nil {
		return opensNeither, fmt.Errorf("opening HSM %s: %w", serial, err)
	}
	in.opened(ctx, p, session)
	return at, nil
}
