package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
	"anodize/core/quorum"
)

// holders are those whose shares may open an HSM. More than one generation may,
// where a change of the PIN was cut short: the first share that is typed decides.
type holders struct {
	serial      string
	generations []int
	lead        string // what the shares are for; may be empty
}

// recombine has as many shares typed as are needed, by whoever is there, and puts
// the PIN together.
func (c *Ceremony) recombine(ctx context.Context, h holders) (key, error) {
	rosters, err := c.rosters(h.generations)
	if err != nil {
		return key{}, err
	}
	shares, roster, err := c.enterQuorum(ctx, h, rosters)
	if err != nil {
		return key{}, err
	}
	defer wipeShares(shares)
	pin, err := roster.Combine(shares)
	if err != nil {
		return key{}, fmt.Errorf("recombining the PIN: %w", err)
	}
	return key{pin, roster.Generation}, nil
}

// rosters are those on record of the given generations, the newest first.
func (c *Ceremony) rosters(generations []int) ([]quorum.Roster, error) {
	var out []quorum.Roster
	records := c.table.archive.log.Records()
	for i := len(records) - 1; i >= 0; i-- {
		e, ok := records[i].Event.(audit.SharesCommitted)
		if !ok || !slices.Contains(generations, e.Roster.Generation) ||
			slices.ContainsFunc(out, func(r quorum.Roster) bool { return r.Generation == e.Roster.Generation }) {
			continue
		}
		r, err := rosterOf(&e.Roster)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if len(out) != len(generations) {
		return nil, errors.New("the archive has no custodians on record")
	}
	return out, nil
}

// enterQuorum has the shares of one roster typed.
func (c *Ceremony) enterQuorum(ctx context.Context, h holders, rosters []quorum.Roster) ([]*quorum.Share, quorum.Roster, error) {
	var shares []*quorum.Share
	present := map[int]bool{}
	sentence := strings.TrimSpace(h.lead + " Any custodian types the words from the card. The first letters are enough; a word that is taken is hidden.")
	for len(shares) < rosters[0].Threshold {
		share, err := c.enterShare(ctx, nextShare(rosters, len(shares)+1), sentence,
			func(s *quorum.Share) error {
				r, at, err := c.belongs(h, rosters, s)
				if err != nil {
					return err
				}
				if present[at] {
					return fmt.Errorf("%s's share was taken already, %w: clear it, and another custodian steps up", r.Members[at].Name, quorum.ErrSameShare)
				}
				present[at] = true
				rosters = []quorum.Roster{r}
				sentence = r.Members[at].Name + "'s share was taken. Another custodian types; the first letters of a word are enough."
				return nil
			})
		if err != nil {
			wipeShares(shares)
			return nil, quorum.Roster{}, err
		}
		shares = append(shares, share)
	}
	return shares, rosters[0], nil
}

// nextShare is the title of a share's screen. As long as the cards may be of two
// generations, how many are needed may not be known.
func nextShare(rosters []quorum.Roster, n int) string {
	for _, r := range rosters {
		if r.Threshold != rosters[0].Threshold {
			return fmt.Sprintf("Enter share %d", n)
		}
	}
	return fmt.Sprintf("Enter share %d of %d", n, rosters[0].Threshold)
}

// belongs finds the roster that a share is of, and whose share it is.
func (c *Ceremony) belongs(h holders, rosters []quorum.Roster, s *quorum.Share) (quorum.Roster, int, error) {
	var first error
	for _, r := range rosters {
		at, err := r.Check(s)
		if err == nil {
			return r, at, nil
		}
		if first == nil || !errors.Is(err, quorum.ErrOlderGeneration) && !errors.Is(err, quorum.ErrNewerGeneration) {
			first = err // what is wrong with it as a share of its own generation tells more
		}
	}
	return quorum.Roster{}, 0, c.otherGeneration(h, s, first)
}

// otherGeneration says of a share of another generation what is to be done with
// the card.
func (c *Ceremony) otherGeneration(h holders, s *quorum.Share, err error) error {
	if !errors.Is(err, quorum.ErrOlderGeneration) && !errors.Is(err, quorum.ErrNewerGeneration) {
		return err
	}
	kind := quorum.ErrOlderGeneration
	if errors.Is(err, quorum.ErrNewerGeneration) {
		kind = quorum.ErrNewerGeneration
	}
	var others []string
	for _, d := range c.table.archive.state.HSMFleet {
		if slices.ContainsFunc(d.Generations, func(g int) bool { return g%quorum.Generations == s.Generation() }) {
			others = append(others, d.Serial)
		}
	}
	fate := "no HSM in use opens to this card any more: destroy it"
	switch {
	case len(others) > 0:
		fate = fmt.Sprintf("keep this one, HSM %s may still open to it", and(others))
	case kind == quorum.ErrNewerGeneration:
		fate = "no HSM opens to this card yet"
	}
	return fmt.Errorf("%w: it is of generation %d, and HSM %s opens to %s. Bring a card of that generation; %s", kind, s.Generation(), h.serial, orList(h.generations), fate)
}

// orList is "1", "1 or 2".
func orList(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, " or ")
}
