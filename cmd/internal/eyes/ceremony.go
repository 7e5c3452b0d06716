package eyes

import (
	"fmt"

	"anodize/core/ceremony"
)

// shareWords is how many words a share has.
const shareWords = 33

// Gates goes through the gates to the menu. It returns the head of the log that was
// shown for comparison, "" for a blank disc.
func (p *Person) Gates() (head string) {
	p.t.Helper()
	p.Answer("Is this the time?", "Enter")
	p.Answer("Is this the stick?", "Enter")
	p.Answer("Is this the profile?", "Enter")
	p.Answer("Is this the HSM?", "Enter")
	const same = "Is this the head on your sheet?"
	if p.Await("Begin a new archive on this disc?", same) == same {
		head = p.QR()
	}
	p.pressed("Enter")
	p.Await("What is this ceremony for?")
	return head
}

// Noted is what witnesses write on their sheets in a ceremony, from its QR codes.
type Noted struct {
	Fingerprint string // SHA-256 of what was signed, 64 upper-case hex digits
	Head        string // the tree head, as its code holds it
}

// Choose picks a card of the menu by its number and confirms the time.
func (p *Person) Choose(card int) {
	p.t.Helper()
	p.Answer("What is this ceremony for?", fmt.Sprint(card))
	p.Answer("Is this still the time?", "Enter")
}

// Commit agrees to the plan and waits for the intent to be on the disc.
func (p *Person) Commit() {
	p.t.Helper()
	p.Answer("Shall this be done?", "Enter")
	p.Answer("On the disc: the intent", "Enter")
}

// InitRoot makes a root from the plan's first question on. It returns the words that
// each custodian copied, and types them back.
func (p *Person) InitRoot(custodians []string, threshold int) ([][]string, Noted) {
	p.t.Helper()
	p.NameCustodians(custodians, threshold)
	p.Commit()
	cards := p.CopyShares(custodians, threshold, 1)
	p.EnterShares(custodians, cards)
	p.Answer("On the disc: the custodians' commitments", "Enter")
	return cards, p.Finish("Init root")
}

// NameCustodians types who will keep a share.
func (p *Person) NameCustodians(custodians []string, threshold int) {
	p.t.Helper()
	for _, name := range custodians {
		p.Await("Who keeps the shares?")
		p.Write(name)
		p.pressed("Enter")
	}
	p.Answer("Who keeps the shares?", "F2")
	p.Answer("How many custodians open the HSM?", fmt.Sprint(threshold))
}

// CopyShares has every custodian copy the words of their share.
func (p *Person) CopyShares(custodians []string, threshold, generation int) [][]string {
	p.t.Helper()
	which := "any"
	if threshold == len(custodians) {
		which = "all"
	}
	var cards [][]string
	for i, name := range custodians {
		title := fmt.Sprintf("Share %d of %d, for %s", i+1, len(custodians), name)
		p.Answer(title, "Enter")
		p.Await(title)
		// The set is another one; its digits are as wide.
		v := p.Around
		v.Title, v.Sentence = title, fmt.Sprintf("Only %s looks at this screen. Copy all %d words onto your card, in order.", name, shareWords)
		v.Note = fmt.Sprintf("Write on the card too: set 0000, generation %d, %s %d of %d. You will type all %d words back.",
			generation, which, threshold, len(custodians), shareWords)
		v.Actions = []ceremony.Action{{ID: "written", Label: "Written down", Key: "Enter", Kind: ceremony.Primary}}
		words, err := p.reader.Words(p.look(), v, shareWords)
		if err != nil {
			p.t.Fatalf("%v: see %s", err, p.Keep("share"))
		}
		cards = append(cards, words)
		p.pressed("Enter")
	}
	return cards
}

// EnterShares has every custodian type back what they copied.
func (p *Person) EnterShares(custodians []string, cards [][]string) {
	p.t.Helper()
	for i, name := range custodians {
		p.enter(fmt.Sprintf("Enter share %d of %d: %s", i+1, len(custodians), name), cards[i])
	}
}

// Unlock types the shares that open the HSM.
func (p *Person) Unlock(cards ...[]string) {
	p.t.Helper()
	for i, card := range cards {
		p.enter(fmt.Sprintf("Enter share %d of %d", i+1, len(cards)), card)
	}
}

// enter types a share on the page of that title. A busy machine may take one letter for
// two, as a key that is held down: then the person clears the page and begins again.
func (p *Person) enter(title string, words []string) {
	p.t.Helper()
	for range 5 {
		p.Await(title)
		if p.share(words) && p.tries("Enter") && p.leaves(title) {
			return
		}
		p.t.Logf("%q: not all letters were taken as they were typed", title)
		p.tries("Esc")
	}
	p.t.Fatalf("the machine does not take the words of %q: see %s", title, p.Keep("entry"))
}

// Finish compares the fingerprint, waits for the record to be on the disc, and notes
// what is to be noted.
func (p *Person) Finish(operation string) (n Noted) {
	p.t.Helper()
	p.Await("Compare the fingerprint")
	n.Fingerprint = p.QR()
	p.pressed("Enter")
	n.Head = p.Conclude(operation)
	return n
}

// Conclude waits for the record to be on the disc, and notes the log's head.
func (p *Person) Conclude(operation string) (head string) {
	p.t.Helper()
	p.Answer("On the disc: the record", "Enter")
	p.Answer(operation+": done", "Enter")
	return p.NoteHead()
}

// NoteHead notes the head that the next ceremony will show.
func (p *Person) NoteHead() (head string) {
	p.t.Helper()
	p.Await("Note the tree head on every sheet")
	head = p.QR()
	p.pressed("Enter")
	return head
}

// SignCSR signs the first request as the first kind of certificate.
func (p *Person) SignCSR(cards ...[]string) Noted {
	p.t.Helper()
	p.Answer("Which request shall be signed?", "1")
	p.Answer("What kind of certificate shall it be?", "1")
	p.Commit()
	p.Unlock(cards...)
	return p.Finish("Sign CSR")
}

// IssueCRL signs a fresh revocation list.
func (p *Person) IssueCRL(cards ...[]string) Noted {
	p.t.Helper()
	p.Commit()
	p.Unlock(cards...)
	return p.Finish("Issue CRL")
}
