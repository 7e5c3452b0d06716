package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
)

// hands play a ceremony without its screens: they answer the views directly, so
// that a fault can be set between any two acts.
type hands struct {
	t     *testing.T
	c     *ceremony.Ceremony
	room  *room
	stop  func()
	ended chan struct{}
	sent  uint64
	cards [][]string
	card  *ceremony.Words
	seen  func(*ceremony.View) // told of every view that people answer; may be nil
}

// stickFolder makes a stick with the given files, the profile and one request.
func stickFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, from := range map[string]string{"profile.toml": "../../testdata/profile.toml", "intermediate.csr": "../../testdata/intermediate.csr"} {
		if err := copyFile(from, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func newTestRoom(t *testing.T, files map[string]string) *room {
	t.Helper()
	r, err := newRoom(stickFolder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// enter begins a ceremony in a room, as after power-on.
func enter(t *testing.T, r *room) *hands {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &hands{
		t: t, room: r, ended: make(chan struct{}),
		c: ceremony.New(ceremony.Setup{Room: r, Mode: ceremony.Rehearsal, Random: rand.Reader, Program: "test"}),
	}
	go func() {
		defer close(h.ended)
		h.c.Run(ctx)
	}()
	h.stop = func() {
		cancel()
		<-h.ended
	}
	t.Cleanup(h.stop)
	return h
}

// view waits until the ceremony waits for people.
func (h *hands) view() *ceremony.View {
	h.t.Helper()
	deadline := time.After(patience)
	for {
		v := h.c.View()
		if v.Handled >= h.sent && !v.Working {
			if h.seen != nil {
				h.seen(v)
			}
			if b, ok := v.Body.(ceremony.ShareBody); ok && b.Words != h.card {
				h.card = b.Words
				h.cards = append(h.cards, b.Words.All())
			}
			return v
		}
		select {
		case <-h.c.Updated():
		case <-h.ended:
			return h.c.View()
		case <-deadline:
			h.t.Fatalf("the ceremony does not come to an end with %q", v.Title)
		}
	}
}

// expect waits until a screen with this title is up.
func (h *hands) expect(title string) *ceremony.View {
	h.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		v := h.view()
		if strings.Contains(v.Title, title) {
			return v
		}
		if v.Working || time.Now().After(deadline) {
			h.t.Fatalf("on the screen is %q, not %q\n%s", v.Title, title, say(v))
		}
		select {
		case <-h.c.Updated():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// say writes a view's words for a failing test.
func say(v *ceremony.View) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s | %s | %s\n", v.Title, v.Sentence, v.Notice.Text)
	switch body := v.Body.(type) {
	case ceremony.MessageBody:
		fmt.Fprintf(&b, "%s %q %s\n", body.Happened, body.Certain, body.Do)
	case ceremony.FindingsBody:
		for _, f := range body.Findings {
			fmt.Fprintf(&b, "%s %s: %s\n", f.Level, f.Check, f.What)
		}
	case ceremony.EntryBody:
		fmt.Fprintf(&b, "word %d, %s, suspect %d\n", body.Position, body.Wrong, body.Suspect)
	case ceremony.TextBody:
		fmt.Fprintf(&b, "%s: %q %s\n", body.Label, body.Value, body.Hint)
	case ceremony.StepsBody:
		for _, s := range body.Steps {
			fmt.Fprintf(&b, "%d %s %s\n", s.State, s.Label, s.Detail)
		}
	}
	for _, a := range v.Actions {
		fmt.Fprintf(&b, "[%s %s %s] ", a.ID, a.Label, a.Why)
	}
	return b.String()
}

func (h *hands) send(e ceremony.Event) {
	h.t.Helper()
	v := h.view()
	if !h.c.Send(v.Screen, e) {
		h.t.Fatal("the ceremony lost an event")
	}
	h.sent++
}

func (h *hands) press(id string) { h.t.Helper(); h.send(ceremony.Press{Action: id}) }
func (h *hands) pick(i int)      { h.t.Helper(); h.send(ceremony.Pick{Index: i}) }
func (h *hands) text(s string)   { h.t.Helper(); h.send(ceremony.Input{Text: s}) }

// shutDown closes the ceremony at the menu or at a gate.
func (h *hands) shutDown() {
	h.t.Helper()
	h.press("shutdown")
	h.expect("Shut down?")
	h.pick(0)
}

// on expects a screen and presses an action of it.
func (h *hands) on(title, action string) {
	h.t.Helper()
	h.expect(title)
	h.press(action)
}

// gates passes the gates; a disc with an archive shows its head.
func (h *hands) gates() {
	h.t.Helper()
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Is this the HSM?", "use")
	if v := h.view(); v.Title == "Begin a new archive on this disc?" {
		h.press("new")
	} else {
		h.on("Is this the head on your sheet?", "same")
	}
	h.expect("What is this ceremony for?")
}

// card writes a share with the shortest letters that are taken.
func (h *hands) typeCard(words []string) {
	h.t.Helper()
	for i, word := range words {
		for n := 1; n <= len(word); n++ {
			h.text(word[n-1 : n])
			b, ok := h.view().Body.(ceremony.EntryBody)
			if !ok {
				h.t.Fatalf("no share is asked for:\n%s", say(h.view()))
			}
			if b.Position > i+1 {
				break
			}
		}
	}
}

func (h *hands) share(i int) {
	h.t.Helper()
	h.expect("Enter share")
	h.typeCard(h.cards[i])
	h.press("next")
}

// planRoot goes through init root up to the burned intent.
func (h *hands) planRoot(names []string, threshold int) {
	h.t.Helper()
	h.expect("What is this ceremony for?")
	h.pick(initRootCard)
	h.proposeRoot(names, threshold)
	h.press("go")
}

// proposeRoot goes from the picked card to the plan of a root.
func (h *hands) proposeRoot(names []string, threshold int) {
	h.t.Helper()
	h.on("Is this still the time?", "right")
	for _, name := range names {
		h.expect("Who keeps the shares?")
		h.text(name)
		h.press("done")
	}
	h.press("extra")
	h.expect("How many custodians open the HSM?")
	h.pick(threshold - 2)
	h.expect("Shall this be done?")
}

// The cards of the menu, by their place.
const (
	signCSRCard = iota
	issueCRLCard
	validateCard
	copyCard
	initRootCard
	migrateCard
	backupCard
	rekeyCard
	fleetCard
)

// custodians are those of most tests.
var custodians = []string{"Alice", "Bruno", "Chiara"}

// showAll shows every share and has it written down.
func (h *hands) showAll(n int) {
	h.t.Helper()
	for range n {
		h.press("show")
		h.expect("Share")
		h.press("written")
	}
}

// root makes a root with three custodians, any two.
func (h *hands) root() {
	h.t.Helper()
	h.planRoot(custodians, 2)
	h.makeRoot()
}

// makeRoot goes from the burned intent to the menu.
func (h *hands) makeRoot() {
	h.t.Helper()
	h.on("On the disc", "next")
	h.showAll(3)
	for i := range 3 {
		h.share(i)
	}
	h.on("On the disc", "next")
	h.finish("Init root")
	h.noted()
}

// noted ends an operation: the head is on every sheet.
func (h *hands) noted() {
	h.t.Helper()
	h.on("Note the tree head", "menu")
	h.expect("What is this ceremony for?")
}

// intendCSR goes through sign CSR up to the burned intent.
func (h *hands) intendCSR() {
	h.t.Helper()
	h.planCSR()
	h.on("Shall this be done?", "go")
}

// planCSR chooses the request and what it shall become.
func (h *hands) planCSR() {
	h.t.Helper()
	h.expect("What is this ceremony for?")
	h.pick(signCSRCard)
	h.on("Is this still the time?", "right")
	h.expect("Which request shall be signed?")
	h.pick(0)
	h.expect("What kind of certificate shall it be?")
	h.pick(0)
}

// sign signs the request with the shares of the first two custodians.
func (h *hands) sign() {
	h.t.Helper()
	h.intendCSR()
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.finish("Sign CSR")
	h.noted()
}

// finish takes an operation whose signatures are made to its end.
func (h *hands) finish(operation string) {
	h.t.Helper()
	h.on("Compare the fingerprint", "same")
	h.on("On the disc", "next")
	h.on(operation+": done", "next")
}
