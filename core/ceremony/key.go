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
)

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
		return nil, fmt.Errorf("the key %q in HSM %s is not the one that %s certifies", key.Label, u.info.Serial, rootCertificate)
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
	if err := c.recordLogs(ctx, u.intended); err != nil {
		return nil, err
	}
	return x, c.compare(ctx, x)
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
