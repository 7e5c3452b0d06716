package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/quorum"
)

// showShares gives every custodian their share, one at a time: hidden until
// asked for, and gone before the next one steps up.
func (c *Ceremony) showShares(ctx context.Context, r quorum.Roster, shares []*quorum.Share, from int) error {
	seen := make([]bool, len(shares))
	for i := range from {
		seen[i] = true
	}
	for i, share := range shares[from:] {
		i += from
		name := r.Members[i].Name
		note := fmt.Sprintf("Write on the card too: set %04X, generation %d, %s. You will type all %d words back.", r.Set, r.Generation, someOf(r.Threshold, len(shares)), quorum.Words)
		e, err := c.ask(ctx, screen{
			title: fmt.Sprintf("Share %d of %d, for %s", i+1, len(shares), name), sentence: fmt.Sprintf("%s steps up with a blank card and a pen, and asks for the words when nobody else can see.", name),
			body: ShareHiddenBody{Custodian: name, Index: i + 1, Total: len(shares), Seen: append([]bool(nil), seen...)}, note: note,
			actions: []Action{stopHere, {ID: "show", Label: "Show my share", Key: "Enter", Kind: Primary}},
		}, nil)
		if err != nil {
			return err
		}
		if e == (Press{stopHere.ID}) {
			stop, err := c.confirmStop(ctx)
			if err != nil || stop {
				return errors.Join(err, errBack)
			}
			return c.showShares(ctx, r, shares, i)
		}
		if err := c.showShare(ctx, share, screen{
			title: fmt.Sprintf("Share %d of %d, for %s", i+1, len(shares), name), sentence: fmt.Sprintf("Only %s looks at this screen. Copy all %d words onto your card, in order.", name, quorum.Words),
			note: note, actions: []Action{{ID: "written", Label: "Written down", Key: "Enter", Kind: Primary}},
		}); err != nil {
			return err
		}
		seen[i] = true
	}
	return nil
}

func (c *Ceremony) showShare(ctx context.Context, share *quorum.Share, q screen) error {
	words := NewWords(share.Words())
	defer words.Wipe()
	q.body = ShareBody{words}
	_, err := c.ask(ctx, q, nil)
	c.show(working("Thank you", "The words are gone from the screen."), true)
	return err
}

// confirmStop asks once more: from here on the ceremony can be closed, not left.
func (c *Ceremony) confirmStop(ctx context.Context) (bool, error) {
	e, err := c.ask(ctx, screen{
		title: "Stop the ceremony?", sentence: "The intent is on the disc. It stays there, closed by your words, and nothing is signed.",
		body: MessageBody{
			Happened: "You asked to stop here.", Certain: []string{"The intent is on the disc.", "The key has not been used in this ceremony."},
			Do: "Go on, or stop: then the words that were typed are forgotten. The same ceremony can be begun again at any time.",
		},
		actions: []Action{{ID: "on", Label: "Go on", Key: "Esc"}, {ID: "stop", Label: "Stop the ceremony", Key: "F4", Kind: Stop}},
	}, nil)
	return e == (Press{"stop"}), err
}

var stopHere = Action{ID: "stop", Label: "Stop here", Key: "Esc", Kind: Stop}

// maxCandidates is how many words are offered to be picked.
const maxCandidates = 6

// enterShare has one share typed and returns it once accept agrees with it.
func (c *Ceremony) enterShare(ctx context.Context, title, sentence string, accept func(*quorum.Share) error) (*quorum.Share, error) {
	entry := quorum.NewEntry()
	defer entry.Wipe()
	t := typing{entry: entry, title: title, sentence: sentence}
	c.show(t.screen(), false)
	for {
		e, err := c.answer(ctx, nil)
		if err != nil {
			return nil, err
		}
		t.hide()
		t.wrong = ""
		switch e := e.(type) {
		case Input:
			for _, r := range e.Text {
				if !entry.Letter(r) && !entry.Complete() {
					t.wrong = "No word of the list goes on that way."
				}
			}
		case Erase:
			entry.Backspace()
		case PickWord:
			entry.Pick(e.Word)
		case Hold:
			if e.Down {
				t.revealed = NewWords(entry.Words())
			}
		case Press:
			switch e.Action {
			case stopHere.ID:
				if stop, err := c.confirmStop(ctx); err != nil || stop {
					return nil, errors.Join(err, errBack)
				}
				c.show(t.screen(), false)
				continue
			case "clear":
				entry.Clear()
			case "redo":
				if i, ok := entry.Hint(); ok {
					entry.Redo(i)
				}
			case "next":
				share, err := entry.Share()
				if err == nil {
					if err = accept(share); err == nil {
						c.show(working("Taken", "The words are gone from the screen."), true)
						return share, nil
					}
					share.Wipe()
				}
				t.wrong = capital(err.Error()) + "."
			}
		}
		c.redraw(t.screen())
	}
}

// typing is a share being typed, as the screen shows it.
type typing struct {
	entry           *quorum.Entry
	title, sentence string
	revealed        *Words // while the key is held
	wrong           string
}

// hide ends the showing of words.
func (t *typing) hide() {
	t.revealed.Wipe()
	t.revealed = nil
}

func (t *typing) screen() screen {
	e := t.entry
	body := EntryBody{
		Total: quorum.Words, Accepted: e.Count(), Current: e.Current(), Candidates: e.Candidates(maxCandidates),
		Position: e.Position() + 1, Revealed: t.revealed, Wrong: t.wrong,
	}
	next := e.NextLetters()
	for i, ok := range next {
		if ok {
			body.Next += string(rune('a' + i))
		}
	}
	first := Action{ID: "clear", Label: "Clear this share", Key: "Esc", Kind: Stop}
	if e.Count() == 0 && e.Current() == "" {
		first = stopHere
	}
	second := Action{ID: "reveal", Label: "Show while held", Key: "F2", Held: true}
	if e.Count() == 0 {
		second.Why = "no word was taken yet"
	}
	go_ := Action{ID: "next", Label: "Next", Key: "Enter", Kind: Primary}
	if !e.Complete() {
		go_.Why = fmt.Sprintf("Word %d of %d", e.Position()+1, quorum.Words)
	} else if i, ok := e.Hint(); ok {
		body.Suspect = i + 1
		second = Action{ID: "redo", Label: fmt.Sprintf("Type word %d again", i+1), Key: "F3"}
	}
	return screen{title: t.title, sentence: t.sentence, body: body, actions: []Action{first, second, go_}}
}

// enterBack has every custodian type their own share, so that what is on paper
// is known to be right before anything irreversible.
func (c *Ceremony) enterBack(ctx context.Context, r quorum.Roster) ([]*quorum.Share, error) {
	var shares []*quorum.Share
	for i, m := range r.Members {
		share, err := c.enterShare(ctx, fmt.Sprintf("Enter share %d of %d: %s", i+1, len(r.Members), m.Name),
			"Type the words from the card. The first letters are enough; a word that is taken is hidden.",
			func(s *quorum.Share) error {
				at, err := r.Check(s)
				if err != nil {
					return err
				}
				if at != i {
					return fmt.Errorf("this is %s's share and it is %s's turn: clear it first", r.Members[at].Name, m.Name)
				}
				return nil
			})
		if err != nil {
			wipeShares(shares)
			return nil, err
		}
		shares = append(shares, share)
	}
	return shares, nil
}

func wipeShares(shares []*quorum.Share) {
	for _, s := range shares {
		s.Wipe()
	}
}

// askCustodians asks for the names and for how many of them it takes.
func (c *Ceremony) askCustodians(ctx context.Context) (names []string, p quorum.Policy, err error) {
	for {
		if names, err = c.askNames(ctx, names); err != nil {
			return nil, p, err
		}
		list := ChoicesBody{First: 2}
		for k := list.First; k <= len(names); k++ {
			list.Choices = append(list.Choices, Choice{Label: capital(someOf(k, len(names))), Detail: thresholdDetail(k, len(names))})
		}
		at, err := c.askNumber(ctx, "How many custodians open the HSM?", "Fewer is easier to bring together; more is harder to misuse.", list, "Change the names")
		if errors.Is(err, errBack) {
			continue
		}
		return names, quorum.Policy{Threshold: list.Number(at), Total: len(names)}, err
	}
}

// someOf is "any 2 of 3", "all 3 of 3".
func someOf(k, n int) string {
	which := "any"
	if k == n {
		which = "all"
	}
	return fmt.Sprintf("%s %d of %d", which, k, n)
}

func thresholdDetail(k, n int) string {
	switch lost := n - k; lost {
	case 0:
		return "Nobody may be missing: one lost card loses the key"
	case 1:
		return "One card may be lost"
	default:
		return number(lost) + " cards may be lost"
	}
}

// askNames asks for one name after the other.
func (c *Ceremony) askNames(ctx context.Context, names []string) ([]string, error) {
	for {
		why, label := "", fmt.Sprintf("Name of custodian %d", len(names)+1)
		switch {
		case len(names) < 2:
			why = "two names at least"
		case len(names) == maxCustodians:
			label = "Sixteen names: there can be no more"
		}
		name, err := c.askText(ctx, question{
			title: "Who keeps the shares?", sentence: "Two to sixteen custodians, in the order in which they will step up.",
			label: label, hint: "As it will stand on the card and in the log", limit: quorum.MaxNameSize, listed: names,
			done: "Add", back: backLabel(names), extra: "That is all", extraWhy: why,
			check: func(s string) error {
				switch {
				case len(names) == maxCustodians:
					return errors.New("sixteen custodians are the most")
				case s == "":
					return errors.New("type a name first")
				}
				return quorum.CheckNames(append(append([]string(nil), names...), s))
			},
		})
		switch {
		case errors.Is(err, errExtra):
			return names, nil
		case errors.Is(err, errBack) && len(names) > 0:
			names = names[:len(names)-1]
		case err != nil:
			return nil, err
		default:
			names = append(append([]string(nil), names...), name)
		}
	}
}

const maxCustodians = 16

func backLabel(names []string) string {
	if len(names) == 0 {
		return "Back to the menu"
	}
	return "Remove the last name"
}
