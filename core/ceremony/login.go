package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/secret"
)

// openedHSM is an HSM with a session, opened for an intent that is on the disc.
type openedHSM struct {
	plugged
	session hsm.Session
	logged  bool   // its log is in ours, up to newest
	newest  uint16 // number of an entry
}

// needHSM returns the HSM of that serial number, and waits for it if it was taken
// away. It takes the intent: without one no HSM is opened.
func (c *Ceremony) needHSM(ctx context.Context, _ *intended, serial string) (plugged, error) {
	for {
		if p, ok := c.findHSM(ctx, serial); ok {
			if serial == c.table.hsmInfo.Serial {
				c.table.hsm, c.table.hsmInfo = p.device, p.info
				c.lamps()
			}
			return p, nil
		}
		var happened string
		if there, err := c.pluggedHSMs(ctx); err != nil {
			happened = capital(err.Error()) + "."
		} else {
			happened = "This is HSM " + and(serialsOf(there)) + "."
		}
		c.lamps()
		e, err := c.ask(ctx, screen{
			title: "Put HSM " + serial + " back", sentence: "The ceremony goes on where it stood.",
			body: MessageBody{
				Happened: happened, Certain: []string{"The intent is on the disc.", "Nothing of this ceremony is on the stick."},
				Do: "Plug in the HSM that was compared at the beginning.",
			},
			actions: []Action{stopHere, {ID: "again", Label: "Look again", Key: "Enter", Kind: Primary}},
		}, func() bool { _, ok := c.findHSM(ctx, serial); return ok })
		switch {
		case errors.Is(err, errChanged):
		case err != nil:
			return plugged{}, err
		case e == (Press{stopHere.ID}):
			return plugged{}, errBack
		}
	}
}

// unlock has a quorum recombine the PIN and logs in with it.
func (c *Ceremony) unlock(ctx context.Context, in *intended) (*unlocked, error) {
	k, err := c.quorumKey(ctx, c.table.hsmInfo.Serial, "")
	if err != nil {
		return nil, err
	}
	defer k.pin.Wipe()
	return c.login(ctx, in, k.pin, k.generation)
}

// key is a PIN and the generation of the shares that it was recombined from.
type key struct {
	pin        *secret.Bytes
	generation int
}

// quorumKey has a quorum of those whose shares may open an HSM recombine its PIN.
// lead says what for; it may be empty.
func (c *Ceremony) quorumKey(ctx context.Context, serial, lead string) (key, error) {
	d, ok := c.table.archive.state.Device(serial)
	if !ok {
		return key{}, fmt.Errorf("opening HSM %s: the archive does not know it", serial)
	}
	return c.recombine(ctx, holders{serial: serial, generations: d.Generations, lead: lead})
}

// login opens the HSM that the ceremony uses, and puts it on record.
func (c *Ceremony) login(ctx context.Context, in *intended, pin *secret.Bytes, generation int) (*unlocked, error) {
	o, err := c.open(ctx, in, c.table.hsmInfo.Serial, key{pin, generation})
	if err != nil {
		return nil, err
	}
	return &unlocked{in, o}, c.checkLog(ctx, in, o)
}

// open logs in to an HSM and puts on record that it opens to these shares.
func (c *Ceremony) open(ctx context.Context, in *intended, serial string, k key) (*openedHSM, error) {
	o, err := c.start(ctx, in, serial, k)
	if err != nil {
		return nil, err
	}
	clearWrapKeys(ctx, in, o)
	return o, c.recordLogins(in, []string{serial}, k)
}

// start logs in to an HSM. Whoever is about to change what it opens to does not
// put on record what it opens to now.
func (c *Ceremony) start(ctx context.Context, in *intended, serial string, k key) (*openedHSM, error) {
	p, err := c.needHSM(ctx, in, serial)
	if err != nil {
		return nil, err
	}
	c.show(working("Opening HSM "+serial, "The PIN goes from the shares to the HSM."), true)
	session, err := p.device.Open(ctx, k.pin)
	if d, ok := c.table.archive.state.Device(serial); ok && errors.Is(err, hsm.ErrWrongPIN) && len(d.Generations) > 1 {
		return nil, fmt.Errorf("opening HSM %s with the cards of generation %d, of those that may open it (%s): begin again with other ones, and keep them all: %w", serial, k.generation, orList(d.Generations), err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening HSM %s: %w", serial, err)
	}
	return in.opened(ctx, p, session), nil
}

// opened keeps a session, in place of an earlier one with the same HSM.
func (in *intended) opened(ctx context.Context, p plugged, session hsm.Session) *openedHSM {
	in.forget(ctx, p.info.Serial)
	o := &openedHSM{plugged: p, session: session}
	in.hsms = append(in.hsms, o)
	return o
}

// forget ends the session with an HSM, if there is one.
func (in *intended) forget(ctx context.Context, serial string) {
	in.hsms = slices.DeleteFunc(in.hsms, func(o *openedHSM) bool {
		if o.info.Serial != serial {
			return false
		}
		o.session.Close(ctx) // whether it answers or not
		return true
	})
}

// logout ends all sessions, and with them what remembers the PIN.
func (in *intended) logout(ctx context.Context) {
	for _, o := range in.hsms {
		o.session.Close(ctx)
	}
	in.hsms = nil
}

// checkLog makes sure, before an HSM's key is used, that its own log goes on
// from what is on the disc, and that there is room in it.
func (c *Ceremony) checkLog(ctx context.Context, in *intended, o *openedHSM) error {
	if _, err := c.freshEntries(ctx, in, o); err != nil {
		return err
	}
	info, err := o.device.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking HSM %s how full its log is: %w", o.info.Serial, err)
	}
	return logRoomLeft(info, in)
}

// freshEntries reads an HSM's own log and returns what is not on record yet.
func (c *Ceremony) freshEntries(ctx context.Context, in *intended, o *openedHSM) (hsm.Log, error) {
	log, err := o.session.ReadLog(ctx)
	if err != nil {
		return log, fmt.Errorf("reading the log of HSM %s: %w", o.info.Serial, err)
	}
	last, err := lastEntry(in.record, o.info.Serial)
	if err != nil {
		return log, err
	}
	if log.Entries, err = log.VerifyFrom(last); err != nil {
		return log, fmt.Errorf("checking the HSM's log (HSM %s): %w", o.info.Serial, err)
	}
	return log, nil
}

// recordLogs puts on record what the opened HSMs' own logs tell of this ceremony.
func (c *Ceremony) recordLogs(ctx context.Context, in *intended) error {
	for _, o := range in.hsms {
		if err := c.recordLog(ctx, in, o); err != nil {
			return err
		}
	}
	return nil
}

// recordLog reads an HSM's own log, checks that it goes on from what is on the
// disc, and puts it on record.
func (c *Ceremony) recordLog(ctx context.Context, in *intended, o *openedHSM) error {
	log, err := c.freshEntries(ctx, in, o)
	if err != nil {
		return err
	}
	fresh := log.Entries
	switch {
	case len(fresh) == 0 && o.logged:
		return nil
	case len(fresh) == 0:
		return errors.New("checking the HSM's log: it holds nothing of this ceremony")
	}
	e := audit.HSMLog{Serial: o.info.Serial, UnloggedBoots: int(log.UnloggedBoots), UnloggedAuths: int(log.UnloggedAuths)}
	for _, entry := range fresh {
		raw := entry.Raw()
		e.Entries = append(e.Entries, hexOf(raw[:]))
	}
	newest := fresh[len(fresh)-1]
	e.LastNumber, e.LastDigest = int(newest.Number), hexOf(newest.Digest[:])
	if err := c.add(in.record, e); err != nil {
		return err
	}
	o.logged, o.newest = true, newest.Number
	return nil
}

// ackLogs tells the opened HSMs which of their entries are on the disc by now.
func (in *intended) ackLogs(ctx context.Context) error {
	var errs []error
	for _, o := range in.hsms {
		if !o.logged {
			continue
		}
		if err := o.session.AckLog(ctx, o.newest); err != nil {
			errs = append(errs, fmt.Errorf("HSM %s was not told that its log is on the disc: %w", o.info.Serial, err))
		}
	}
	return errors.Join(errs...)
}

// lastEntry is the newest entry of an HSM's log that is on record; the zero entry
// if there is none since its reset.
func lastEntry(log *audit.Log, serial string) (hsm.LogEntry, error) {
	records := log.Records()
	for i := len(records) - 1; i >= 0; i-- {
		switch e := records[i].Event.(type) {
		case audit.HSMBootstrapped:
			if e.HSM.Serial == serial && e.Reset() {
				return hsm.LogEntry{}, nil
			}
		case audit.HSMLog:
			if e.Serial != serial || len(e.Entries) == 0 {
				continue
			}
			var raw [hsm.LogEntrySize]byte
			if err := decodeHex(raw[:], e.Entries[len(e.Entries)-1]); err != nil {
				return hsm.LogEntry{}, fmt.Errorf("reading the last entry of the HSM's log on record: %w", err)
			}
			return hsm.ParseLogEntry(raw), nil
		}
	}
	return hsm.LogEntry{}, nil
}
