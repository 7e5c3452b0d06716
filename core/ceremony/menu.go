package ceremony

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/state"
)

// menu asks what the ceremony is for and does it, until a device is taken away
// or the machine is shut down.
func (c *Ceremony) menu(ctx context.Context) error {
	for {
		c.publish(func(v *View) { v.Operation, v.Phases = "Choose", phases(0) })
		op, err := c.choose(ctx)
		if err != nil {
			return err
		}
		err = op(ctx)
		switch {
		case errors.Is(err, errBack):
		case err != nil:
			return err
		}
		if c.table.archive == nil || c.lostDevice(ctx)() {
			return errChanged
		}
	}
}

// does makes an operation what a card of the menu does.
func (c *Ceremony) does(op keyOperation) func(context.Context) error {
	return func(ctx context.Context) error { return c.begun(ctx, keyed{op}) }
}

// begun performs an operation after what an earlier one left open was mended.
func (c *Ceremony) begun(ctx context.Context, op operation) error {
	if state.NewestDisc(c.table.archive.log).Marked {
		return errors.New("this disc is marked: the archive goes on on another one")
	}
	if err := c.mend(ctx); err != nil {
		return err
	}
	if err := c.explainOpenIntent(ctx); err != nil {
		return err
	}
	return c.perform(ctx, op)
}

// choose returns what was picked.
func (c *Ceremony) choose(ctx context.Context) (func(context.Context) error, error) {
	a := c.table.archive
	noRoot, done := "There is no root yet", ""
	sentence := "The disc is blank: a new archive begins with its root."
	if a.root != nil {
		noRoot, done = "", "Done on "+a.root.NotBefore.UTC().Format("2006-01-02")
	}
	marked, migrating := "", "Carry the archive to a blank disc"
	if state.NewestDisc(a.log).Marked {
		marked, migrating = "This disc is marked: the archive goes on on another one", "Go on: carry the archive to a blank disc"
	}
	noUse := noRoot
	if a.root != nil && !rootAgreed(a.log) {
		noUse = "Nobody agreed to the root's fingerprint: begin a new archive"
	}
	blank := ""
	if a.blank() {
		blank = "The disc is blank"
	} else {
		sentence = fmt.Sprintf("The disc is verified from its first record: %s, %s, no gaps.", plural(a.sessions, "session"), plural(int(a.log.Len()), "record"))
	}
	if marked != "" {
		sentence = "This disc was marked on " + stamp(a.lastTime) + ": it takes no more sessions. Put the newer disc in."
	}
	e, err := c.askGate(ctx, screen{
		title: "What is this ceremony for?", sentence: sentence,
		body: MenuBody{[]Choice{
			{Label: "Sign CSR", Detail: "Issue an intermediate CA from a request on the stick", Why: cmp.Or(noUse, marked)},
			{Label: "Issue CRL", Detail: "Sign a fresh revocation list", Why: cmp.Or(noUse, marked)},
			{Label: "Validate disc", Detail: "Check everything from the first record", Why: blank},
			{Label: "Copy to the stick", Detail: "Put the certificates and the CRL on it again", Why: noUse},
			{Label: "Init root", Detail: "Make the key, the root certificate and the first CRL", Why: cmp.Or(done, marked)},
			{Label: "Migrate disc", Detail: migrating, Why: noRoot},
			{Label: "Back up the key", Detail: "Copy it to a second HSM, which opens to the same cards", Why: cmp.Or(noUse, marked)},
			{Label: "New custodians", Detail: "New shares of a new PIN, in every HSM that is here", Why: cmp.Or(noUse, marked)},
			{Label: "The HSMs", Detail: "Which hold the key; bring one up to date, or retire it", Why: cmp.Or(noUse, marked)},
		}},
		note: "Press a number, or touch", actions: c.menuActions(),
	}, c.lostDevice(ctx))
	if err != nil {
		return nil, err
	}
	if e == (Press{aboutMachine.ID}) {
		return c.showMachine, nil
	}
	pick, ok := e.(Pick)
	if !ok {
		return nil, errBack
	}
	return []func(context.Context) error{c.does(signCSR{}), c.does(issueCRL{}), c.validate, c.copyOut, c.does(&initRoot{}), c.migrate,
		c.does(keyBackup{}), c.does(&rekeyShares{}), c.fleet}[pick.Index], nil
}

// aboutMachine opens what the machine says of itself.
var aboutMachine = Action{ID: "machine", Label: "The machine", Key: "F3", Kind: Other}

// menuActions are the menu's, besides its cards.
func (c *Ceremony) menuActions() []Action {
	if len(c.environment().Shown) == 0 {
		return []Action{shutDown}
	}
	return []Action{shutDown, aboutMachine}
}

// rootAgreed reports whether the witnesses agreed to the root's fingerprint.
func rootAgreed(log *audit.Log) bool {
	for _, r := range log.Records() {
		if e, ok := r.Event.(audit.FingerprintCompared); ok && e.File == rootCertificate && e.Same {
			return true
		}
	}
	return false
}

// explainOpenIntent asks for the story of an intent that has no record: the
// power failed, or people gave up. It stands in the next session's log.
func (c *Ceremony) explainOpenIntent(ctx context.Context) error {
	a := c.table.archive
	if a.state.OpenIntent == "" || a.abandoned != nil {
		return nil
	}
	words, err := c.askText(ctx, question{
		title: "A ceremony stopped midway. What happened?", sentence: "Session " + a.state.OpenIntent + " has no record after it. Your words close it, on the disc.",
		label: "In a few words", hint: "What happened, and who decided", limit: 400, done: "That is what happened", back: "Back to the menu",
		notice: Notice{Kind: Caution, Text: "What the HSM did meanwhile stands in its own log; the next login reads it."},
		check: func(s string) error {
			if len(s) < 3 {
				return errors.New("say in a few words what happened")
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	a.abandoned = &audit.IntentAbandoned{Directory: a.state.OpenIntent, Explanation: words}
	return nil
}

// validate reads the whole disc again and shows what was found.
func (c *Ceremony) validate(ctx context.Context) error {
	c.publish(func(v *View) { v.Operation = "Validate disc" })
	result, left, err := c.verifyDisc(ctx)
	if err != nil {
		return err
	}
	whole := len(left.voids) == 0 && result.Log != nil && bytes.Equal(result.Log.Bytes(), c.table.archive.log.Bytes())
	q := screen{
		title: "The disc is sound", sentence: fmt.Sprintf("Read and checked from the first record: %s, %s.", plural(len(result.Sessions), "session"), plural(len(result.Findings), "check")),
		body:    findings(result.Findings),
		actions: []Action{{ID: "next", Label: "To the tree head", Key: "Enter", Kind: Primary}},
	}
	switch {
	case result.Worst() == archive.Error || !whole:
		q.title = "The disc is not sound"
		q.actions = []Action{{ID: "next", Label: "Back to the gates", Key: "Enter", Kind: Primary}}
		q.notice = Notice{Kind: Danger, Text: "It is not as it was when this ceremony began. Keep it, note what is said here, and use no key."}
	case result.Worst() == archive.Warn:
		q.title = "The disc is sound, with warnings"
	}
	if _, err := c.ask(ctx, q, nil); err != nil {
		return err
	}
	if result.Worst() == archive.Error || !whole {
		c.table.drive, c.table.disc, c.table.archive = nil, nil, nil
		return errChanged
	}
	return c.noteHead(ctx, audit.Head{Size: result.Log.Len(), Root: result.Log.TreeHead()})
}
