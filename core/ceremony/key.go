package ceremony

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/hsm"
	"anodize/core/quorum"
	"anodize/core/secret"
)

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
	roster, err := rosterOf(c.table.archive.state.Roster)
	if err != nil {
		return nil, err
	}
	shares, err := c.enterQuorum(ctx, roster)
	if err != nil {
		return nil, err
	}
	defer wipeShares(shares)
	pin, err := roster.Combine(shares)
	if err != nil {
		return nil, fmt.Errorf("recombining the PIN: %w", err)
	}
	defer pin.Wipe()
	return c.login(ctx, in, pin, roster.Generation)
}

// login opens the HSM with the PIN and puts it on record.
func (c *Ceremony) login(ctx context.Context, in *intended, pin *secret.Bytes, generation int) (*unlocked, error) {
	p, err := c.needHSM(ctx, in, c.table.hsmInfo.Serial)
	if err != nil {
		return nil, err
	}
	c.show(working("Opening the HSM", "The PIN goes from the shares to the HSM."), true)
	if in.session, err = p.device.Open(ctx, pin); err != nil {
		in.session = nil
		return nil, fmt.Errorf("opening HSM %s: %w", c.table.hsmInfo.Serial, err)
	}
	if err := c.add(in.record, audit.HSMLogin{Serial: c.table.hsmInfo.Serial, Generation: generation}); err != nil {
		return nil, err
	}
	u := &unlocked{in}
	return u, c.checkLog(ctx, p.device, u)
}

// checkLog makes sure, before the key is used, that the HSM's own log goes on
// from what is on the disc, and that there is room in it.
func (c *Ceremony) checkLog(ctx context.Context, device hsm.Device, u *unlocked) error {
	if _, err := c.freshEntries(ctx, u); err != nil {
		return err
	}
	info, err := device.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking HSM %s how full its log is: %w", c.table.hsmInfo.Serial, err)
	}
	return logRoomLeft(info, u.intended)
}

// freshEntries reads the HSM's own log and returns what is not on record yet.
func (c *Ceremony) freshEntries(ctx context.Context, u *unlocked) (hsm.Log, error) {
	log, err := u.session.ReadLog(ctx)
	if err != nil {
		return log, fmt.Errorf("reading the HSM's log: %w", err)
	}
	last, err := c.lastEntry(u)
	if err != nil {
		return log, err
	}
	if log.Entries, err = log.VerifyFrom(last); err != nil {
		return log, fmt.Errorf("checking the HSM's log: %w", err)
	}
	return log, nil
}

// signing is the root key of an opened HSM.
type signing struct {
	*unlocked
	key hsm.Key
}

// rootKey finds the root key and compares it with the root certificate.
func (c *Ceremony) rootKey(ctx context.Context, u *unlocked) (*signing, error) {
	key, err := u.session.FindKey(ctx, c.table.profile.HSM.KeyLabel)
	if err != nil {
		return nil, fmt.Errorf("finding the root key: %w", err)
	}
	type comparable interface{ Equal(crypto.PublicKey) bool }
	if pub, ok := key.Public.(comparable); !ok || !pub.Equal(c.table.archive.root.PublicKey) {
		return nil, fmt.Errorf("the key %q in HSM %s is not the one that %s certifies", key.Label, c.table.hsmInfo.Serial, rootCertificate)
	}
	return &signing{u, key}, nil
}

// sign signs to-be-signed bytes and puts them and the signature together.
func (s *signing) sign(ctx context.Context, tbs []byte) ([]byte, error) {
	signature, err := s.session.Sign(ctx, s.key, tbs)
	if err != nil {
		return nil, err
	}
	return ca.Assemble(tbs, signature, s.key.Public)
}

// signIntended signs exactly the bytes of the intent that was read back from the
// disc, and has the fingerprint of what came of it compared.
func (c *Ceremony) signIntended(ctx context.Context, u *unlocked, title, file, tbs string, issue func(context.Context, *signing, []byte) error) (*executed, error) {
	der, err := base64.StdEncoding.DecodeString(tbs)
	if err != nil {
		return nil, fmt.Errorf("reading the intent: %w", err)
	}
	work := c.newWork(title, "Exactly the bytes that are on the disc are signed.", "Finding the root key", "Signing "+file, "Reading the HSM's own log")
	s, err := c.rootKey(ctx, u)
	if err != nil {
		return nil, err
	}
	work.next()
	if err := issue(ctx, s, der); err != nil {
		return nil, err
	}
	work.next()
	x := &executed{intended: u.intended}
	if x.lastEntry, err = c.recordLog(ctx, u); err != nil {
		return nil, err
	}
	return x, c.compare(ctx, x)
}

// recordLog reads the HSM's own log, checks that it goes on from what is on the
// disc, and puts it on record. It returns the number of the newest entry.
func (c *Ceremony) recordLog(ctx context.Context, u *unlocked) (uint16, error) {
	log, err := c.freshEntries(ctx, u)
	if err != nil {
		return 0, err
	}
	fresh := log.Entries
	if len(fresh) == 0 {
		return 0, errors.New("checking the HSM's log: it holds nothing of this ceremony")
	}
	e := audit.HSMLog{Serial: c.table.hsmInfo.Serial, UnloggedBoots: int(log.UnloggedBoots), UnloggedAuths: int(log.UnloggedAuths)}
	for _, entry := range fresh {
		raw := entry.Raw()
		e.Entries = append(e.Entries, hexOf(raw[:]))
	}
	newest := fresh[len(fresh)-1]
	e.LastNumber, e.LastDigest = int(newest.Number), hexOf(newest.Digest[:])
	return newest.Number, c.add(u.record, e)
}

// lastEntry is the newest entry of this HSM's log that is on record; the zero
// entry if there is none since its reset.
func (c *Ceremony) lastEntry(u *unlocked) (hsm.LogEntry, error) {
	records := u.record.Records()
	for i := len(records) - 1; i >= 0; i-- {
		switch e := records[i].Event.(type) {
		case audit.HSMBootstrapped:
			if e.HSM.Serial == c.table.hsmInfo.Serial {
				return hsm.LogEntry{}, nil
			}
		case audit.HSMLog:
			if e.Serial != c.table.hsmInfo.Serial || len(e.Entries) == 0 {
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

// compare has the witnesses compare the fingerprint of what was signed.
func (c *Ceremony) compare(ctx context.Context, x *executed) error {
	main := x.made[0]
	sum := sha256.Sum256(main.data)
	q := screen{
		title: "Compare the fingerprint", sentence: "Read it aloud, group by group, while all write it down; then check every sheet. The code holds the same digits.",
		body: FingerprintBody{Of: "SHA-256 of " + main.name, Hex: upper(sum[:]), QR: upper(sum[:]), Facts: main.facts},
		note: "Both operators have compared it",
		actions: []Action{
			{ID: "differs", Label: "It differs", Key: "Esc", Kind: Stop}, {ID: "same", Label: "The same", Key: "Enter", Kind: Primary},
		},
	}
	for {
		e, err := c.ask(ctx, q, nil)
		if err != nil {
			return err
		}
		if x.differs = e == (Press{"differs"}); x.differs {
			sure, err := c.confirmDiffers(ctx, main.name)
			if err != nil {
				return err
			}
			if !sure {
				continue
			}
		}
		return c.add(x.record, audit.FingerprintCompared{File: main.name, SHA256: hexOf(sum[:]), Same: !x.differs})
	}
}

// confirmDiffers asks once more: the answer goes on record and ends the ceremony.
func (c *Ceremony) confirmDiffers(ctx context.Context, name string) (bool, error) {
	e, err := c.ask(ctx, screen{
		title: "Does it really differ?", sentence: "Your answer goes on record. " + name + " is kept on the disc and not exported.",
		body: MessageBody{
			Happened: "You said that the fingerprint of " + name + " is not the one on the sheet.", Certain: []string{"The key has signed it.", "It is not on the stick."},
			Do: "Compare again, digit by digit. If it still differs, say so: the record will, too.",
		},
		actions: []Action{{ID: "again", Label: "Compare again", Key: "Esc"}, {ID: "sure", Label: "It differs", Key: "F4", Kind: Stop}},
	}, nil)
	return e == (Press{"sure"}), err
}

// rosterOf reads the roster on record.
func rosterOf(r *audit.Roster) (quorum.Roster, error) {
	if r == nil {
		return quorum.Roster{}, errors.New("the archive has no custodians on record")
	}
	out := quorum.Roster{Set: r.Set, Generation: r.Generation, Threshold: r.Threshold}
	for _, m := range r.Members {
		member := quorum.Member{Name: m.Name, X: byte(m.X)}
		if err := decodeHex(member.Commitment[:], m.Commitment); err != nil {
			return out, fmt.Errorf("reading the commitment of %q: %w", m.Name, err)
		}
		out.Members = append(out.Members, member)
	}
	if err := decodeHex(out.PINVerify[:], r.PINVerify); err != nil {
		return out, fmt.Errorf("reading the PIN's verification hash: %w", err)
	}
	return out, out.Validate()
}

// recordOf writes a roster as the log holds it.
func recordOf(r quorum.Roster) audit.Roster {
	out := audit.Roster{Set: r.Set, Generation: r.Generation, Threshold: r.Threshold, PINVerify: hexOf(r.PINVerify[:])}
	for _, m := range r.Members {
		out.Members = append(out.Members, audit.Member{Name: m.Name, X: int(m.X), Commitment: hexOf(m.Commitment[:])})
	}
	return out
}
