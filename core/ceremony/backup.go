package ceremony

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// keyBackup copies the root's key to a second HSM, which opens to the same shares.
type keyBackup struct{}

func (keyBackup) name() string  { return "key-backup" }
func (keyBackup) title() string { return "Back up the key" }

func (op keyBackup) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	target, err := c.findTarget(ctx)
	if err != nil {
		return nil, err
	}
	s := c.table.archive.state
	if s.Key == nil {
		return nil, errors.New("planning the backup: the archive has no key on record")
	}
	intent := audit.IntentKeyBackup{From: c.hsmFacts(), To: factsOf(target.info), KeyLabel: s.Key.Label, SPKISHA256: s.Key.SPKISHA256}
	from, to := intent.From.Serial, intent.To.Serial
	preview := []FactGroup{
		{Title: "The key", Facts: []Fact{
			{Name: "Label", Value: intent.KeyLabel, Mono: true}, {Name: "Public key, SHA-256", Value: groups(intent.SPKISHA256), Mono: true},
			{Name: "From", Value: "HSM " + from, Mono: true}, {Name: "To", Value: "HSM " + to + ", firmware " + intent.To.Firmware, Mono: true},
		}},
		{Title: "What will happen", Facts: []Fact{
			{Name: "First", Value: "A quorum opens HSM " + from},
			{Name: "Then", Value: "HSM " + to + " is reset, proved empty and given the same PIN: the same cards will open it"},
			{Name: "At last", Value: "The key crosses encrypted, under a key that both HSMs forget again; the public keys are compared"},
		}},
	}
	return &proposal{
		intent: intent, preview: preview, sessions: 2, actions: []hsm.Action{hsm.Login, hsm.KeyExport},
		notice: Notice{Kind: Danger, Text: "HSM " + to + " will be reset: everything in it is lost for ever."},
	}, nil
}

// findTarget waits for the one HSM that shall get a copy: it is not of the fleet.
// People compare its serial number.
func (c *Ceremony) findTarget(ctx context.Context) (plugged, error) {
	for {
		strange := c.strangers(ctx)
		if len(strange) != 1 {
			happened := "No other HSM is plugged in."
			if len(strange) > 1 {
				happened = "HSM " + and(serialsOf(strange)) + " are plugged in. Leave one of them in."
			}
			_, err := c.askBack(ctx, screen{
				title: "Plug in the HSM that gets the copy", sentence: "A factory-fresh one. HSM " + c.table.hsmInfo.Serial + ", which holds the key, stays in.",
				body:    MessageBody{Happened: happened, Certain: []string{"Nothing was asked of any HSM but who it is."}, Do: "Take it from its sealed bag, note the seal's number, and plug it in."},
				actions: []Action{toMenu, {ID: "again", Label: "Look again", Key: "Enter", Kind: Primary}},
			}, func() bool { return len(c.strangers(ctx)) == 1 })
			if err != nil && !errors.Is(err, errChanged) {
				return plugged{}, err
			}
			continue
		}
		serials := serialsOf(strange)
		_, err := c.askBack(ctx, screen{
			title: "Is this the HSM that gets the copy?", sentence: "Compare the serial number with the one printed on the device. This HSM will be reset.",
			body:    FactsBody{hsmGroups(strange)},
			notice:  Notice{Kind: Caution, Text: strings.Join(c.remembered(strange), " ")},
			actions: []Action{toMenu, {ID: "use", Label: "The same number", Key: "Enter", Kind: Primary}},
		}, func() bool { return !slices.Equal(serialsOf(c.strangers(ctx)), serials) })
		if errors.Is(err, errChanged) {
			continue
		}
		if there, silent := c.pluggedHSMs(ctx); err == nil && silent == nil {
			c.table.hsms = serialsOf(there) // all of them are compared now
		}
		return strange[0], err
	}
}

var toMenu = Action{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}

// askBack asks a question that can be answered by going back to the menu.
func (c *Ceremony) askBack(ctx context.Context, q screen, until func() bool) (Event, error) {
	e, err := c.ask(ctx, q, until)
	if err == nil && e == (Press{toMenu.ID}) {
		return nil, errBack
	}
	return e, err
}

// strangers are the HSMs plugged in that are not of the fleet.
func (c *Ceremony) strangers(ctx context.Context) []plugged {
	there, _ := c.pluggedHSMs(ctx)
	return slices.DeleteFunc(there, func(p plugged) bool {
		_, known := c.table.archive.state.Device(p.info.Serial)
		return known
	})
}

func (op keyBackup) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	intent, ok := in.event.(audit.IntentKeyBackup)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", in.event.Name())
	}
	ready, err := c.madeReady(ctx, in, intent.To.Serial)
	if err != nil {
		return nil, err
	}
	k, err := c.quorumKey(ctx, intent.From.Serial, "")
	if err != nil {
		return nil, err
	}
	defer k.pin.Wipe()
	u, err := c.login(ctx, in, k.pin, k.generation)
	if err != nil {
		return nil, err
	}
	c.phase(executePhase)
	if ready {
		err = c.adoptTarget(ctx, in, intent.To.Serial, k)
	} else if err = c.bootstrap(ctx, in, intent.To.Serial, k.pin); err == nil {
		_, err = c.open(ctx, in, intent.To.Serial, k)
	}
	if err != nil {
		return nil, err
	}
	return u, op.copy(ctx, c, in, intent, k)
}

// madeReady finds out whether the HSM that shall get a copy is factory-fresh, or
// was made ready in a backup that broke off. Any other one is refused here,
// before custodians type.
func (c *Ceremony) madeReady(ctx context.Context, in *intended, serial string) (bool, error) {
	p, err := c.needHSM(ctx, in, serial)
	if err != nil {
		return false, err
	}
	c.show(working("Looking whether HSM "+serial+" is factory-fresh", "It is asked for a few random bytes under its default key."), true)
	_, err = p.device.Random(ctx, 1)
	switch {
	case errors.Is(err, hsm.ErrNotFresh) && brokenOff(in.burned, serial):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("looking whether HSM %s is factory-fresh: %w", serial, err)
	}
	return false, nil
}

// brokenOff reports whether an earlier backup to an HSM has its intent on the disc,
// and no copy of the key after it. One that got its copy and was retired since is
// used again only once it was reset.
func brokenOff(b burned, serial string) bool {
	intents := 0
	for _, r := range b.log.Records() {
		switch e := r.Event.(type) {
		case audit.IntentKeyBackup:
			if e.To.Serial == serial {
				intents++
			}
		case audit.KeyCopied:
			if e.To == serial {
				intents = 0
			}
		}
	}
	return intents > 1 // the last of them is this ceremony's
}

// adoptTarget goes on with an HSM that an earlier backup made ready. It opens to
// the PIN alone, and its log goes on from what is on record, or from its reset.
func (c *Ceremony) adoptTarget(ctx context.Context, in *intended, serial string, k key) error {
	p, err := c.needHSM(ctx, in, serial)
	if err != nil {
		return err
	}
	session, err := p.device.Open(ctx, k.pin)
	if err != nil {
		return fmt.Errorf("opening HSM %s, which an earlier backup may have made ready (if it cannot be opened, reset it by holding its metal rim for 10 seconds while plugging it in): %w", serial, err)
	}
	o := in.opened(ctx, p, session)
	steps := []audit.HSMStep{{Name: "find", Detail: "an earlier backup has reset it and made it ready: it opens to the PIN alone"}}
	if err := c.add(in.record, audit.HSMBootstrapped{HSM: factsOf(p.info), Steps: steps}); err != nil {
		return err
	}
	if err := c.recordLogins(in, []string{serial}, k); err != nil {
		return err
	}
	return c.checkLog(ctx, in, o)
}

// copy has the key cross. Where an answer is lost, both HSMs are opened anew and
// it is tried once more: what a copy that broke off has left is found and undone.
func (op keyBackup) copy(ctx context.Context, c *Ceremony, in *intended, intent audit.IntentKeyBackup, k key) error {
	var done []audit.HSMStep
	err := op.copyOnce(ctx, c, in, intent, &done)
	if !errors.Is(err, hsm.ErrOutcomeUnknown) && !errors.Is(err, hsm.ErrSessionDead) {
		return err
	}
	for _, serial := range []string{intent.From.Serial, intent.To.Serial} {
		if _, again := c.open(ctx, in, serial, k); again != nil {
			return errors.Join(err, again)
		}
	}
	return op.copyOnce(ctx, c, in, intent, &done)
}

// copyOnce tries once, and adds to the steps done.
func (keyBackup) copyOnce(ctx context.Context, c *Ceremony, in *intended, intent audit.IntentKeyBackup, done *[]audit.HSMStep) error {
	from, to := in.with(intent.From.Serial), in.with(intent.To.Serial)
	if from == nil || to == nil {
		return errors.New("copying the key: an HSM is not open")
	}
	s, err := c.rootKey(ctx, &unlocked{in, from})
	if err != nil {
		return err
	}
	q := screen{title: "Copying the key", sentence: "Leave both HSMs plugged in."}
	c.show(q, true)
	copied, err := hsm.CopyKey(ctx, c.random, from.session, to.session, s.key, func(s hsm.Step) {
		*done = append(*done, audit.HSMStep{Name: s.Name, Detail: s.Detail})
		q.body = doneSteps(*done)
		c.progress(q)
	})
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(copied.Public)
	if err != nil {
		return fmt.Errorf("encoding the public key: %w", err)
	}
	return c.add(in.record, audit.KeyCopied{
		From: intent.From.Serial, To: intent.To.Serial, ID: int(copied.ID), Label: copied.Label, Spec: string(copied.Spec),
		SPKI: base64.StdEncoding.EncodeToString(spki), Steps: *done,
	})
}

// with finds an HSM that was opened; nil if it was not.
func (in *intended) with(serial string) *openedHSM {
	for _, o := range in.hsms {
		if o.info.Serial == serial {
			return o
		}
	}
	return nil
}

func (op keyBackup) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentKeyBackup)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	c.newWork("Reading the HSMs' own logs", "They tell what was done to each.", "Reading the HSMs' own logs")
	if err := c.recordLogs(ctx, u.intended); err != nil {
		return nil, err
	}
	return &executed{intended: u.intended, burning: draft{step: copiedStep, title: "Writing the record to the disc"}, closing: &MessageBody{
		Happened: fmt.Sprintf("HSM %s holds the root's key now, as HSM %s does.", intent.To.Serial, intent.From.Serial),
		Certain:  []string{"Their public keys are the same, and the root certificate's.", "The same cards open both.", "The key under which it crossed is deleted from both."},
		Do:       "Keep the two HSMs in different places, each in a sealed bag. Any one of them serves in a ceremony.",
	}}, nil
}

var copiedStep = step{audit.RecordSession, "the record", "The key is in both HSMs. Until the record is on the disc the second one is not of the fleet; the backup to it can be begun again, and goes on."}

// clearWrapKeys deletes from an HSM the wrap key that a backup may have left in
// it when it broke off. A backup itself begins with that.
func clearWrapKeys(ctx context.Context, in *intended, o *openedHSM) {
	if _, backup := in.event.(audit.IntentKeyBackup); backup || !mayHoldWrapKey(in.log, o.info.Serial) {
		return
	}
	if err := hsm.DeleteWrapKeys(ctx, o.session, nil); err != nil && !errors.Is(err, hsm.ErrUnsupported) {
		in.warn(capital(err.Error()) + ".")
	}
}

// mayHoldWrapKey reports whether the last backup that named an HSM broke off.
func mayHoldWrapKey(log *audit.Log, serial string) bool {
	left := false
	for _, r := range log.Records() {
		switch e := r.Event.(type) {
		case audit.IntentKeyBackup:
			left = left || e.From.Serial == serial || e.To.Serial == serial
		case audit.KeyCopied:
			left = left && e.From != serial && e.To != serial
		}
	}
	return left
}
