package ceremony

import (
	"sync"
	"time"
)

// View is everything that people see at one moment. The screens draw it and
// nothing else; it is never changed once published.
type View struct {
	Screen   uint64 // changes when another question is asked; events carry it back
	Revision uint64 // changes with every published view
	Handled  uint64 // events taken from the screens so far
	Working  bool   // a long step is running: no answer is awaited

	// The bar at the top.
	CA               string // common name, empty before a profile was read
	Banner           string // REHEARSAL or DEV, empty in production
	HSM, Disc, Stick Lamp
	Now              time.Time // UTC, whole seconds
	ClockConfirmed   bool

	// The rail at the left.
	Operation string // "Before we begin", "Init root" …
	Phases    [7]Phase
	Records   uint64 // records in the log, 0 before a disc was read
	LogHead   string // 64 hex digits, empty before a disc was read
	TreeHead  string // 64 hex digits, empty before a disc was read

	// The screen itself.
	Title    string
	Sentence string // one sentence under the title
	Body     Body
	Notice   Notice
	StaysOn  string   // why the machine's power button did nothing; else empty
	Note     string   // small text at the foot, beside the filled action
	Actions  []Action // at most three
}

// Lamp is one device in the top bar: a dot and a word.
type Lamp struct {
	State LampState
	Word  string // "HSM 0034332673", "Disc, 251 sessions free", "No stick"
}

// LampState says how a device stands.
type LampState uint8

const (
	Absent   LampState = iota // grey
	NeedsYou                  // amber
	There                     // green
)

// Phase is one of the seven steps of an operation.
type Phase struct {
	Name  string
	State PhaseState
}

// PhaseState says how far a phase, a step of long work or a finding is.
type PhaseState uint8

const (
	ToCome PhaseState = iota
	Current
	Done
	Failed
	NotNeeded
)

// Notice is the one thing on a screen to be read before anything else.
type Notice struct {
	Kind NoticeKind
	Text string // empty: no notice
}

// NoticeKind is how serious a notice is.
type NoticeKind uint8

const (
	Caution NoticeKind = iota // amber
	Danger                    // oxide
	Good                      // green
)

// Action is a button at the foot of a screen, and a key.
type Action struct {
	ID    string // what Press carries back
	Label string // what happens, never OK or Cancel
	Key   string // "Enter", "Esc", "S", "F2" …
	Kind  ActionKind
	Why   string // not empty: cannot be pressed yet, and this says why
	Held  bool   // acts while it is held down: Hold events, not Press
}

// ActionKind places and colours an action.
type ActionKind uint8

const (
	Other   ActionKind = iota // left, ink outline
	Primary                   // right, filled
	Stop                      // left, oxide outline
)

// Body is the thing that a screen is about: one of the types below.
type Body interface{ body() }

// ClockBody is the time in the largest type, and its date below.
type ClockBody struct{ Time time.Time }

// TextBody asks for one line of text. Input and Erase events change it.
type TextBody struct {
	Label   string
	Value   string
	Hint    string   // what may be typed, or what is wrong with the value
	Wrong   bool     // Hint is an error
	Mono    bool     // digits and separators, drawn in Go Mono
	Listed  []string // what was entered before, in order
	Numeric bool     // the on-screen keyboard shows digits
}

// FactsBody is a table of what was found or what will be done.
type FactsBody struct{ Groups []FactGroup }

// FactGroup is one card of a table.
type FactGroup struct {
	Title string // may be empty
	Facts []Fact
}

// Fact is one row: a name and its value. Mono values are compared or copied.
type Fact struct {
	Name, Value string
	Mono        bool
}

// ChoicesBody is a list of which one is picked by number or touch. Where the choices are
// numbers themselves, First is that of the first, so that nobody who means two presses
// the key of another; else it is zero, and the list is numbered from 1.
type ChoicesBody struct {
	Choices []Choice
	First   int
}

// Number is the number of choice i.
func (b ChoicesBody) Number(i int) int { return max(b.First, 1) + i }

// Keys reports whether each choice has a key: its number.
func (b ChoicesBody) Keys() bool { return b.Number(len(b.Choices)-1) <= 9 }

// Choice is one row of a list, or one card of the menu.
type Choice struct {
	Label, Detail string
	Why           string // not empty: cannot be picked, and this says why
}

// MenuBody is the operations, three cards a row, picked by number or touch.
type MenuBody struct{ Cards []Choice }

// StepsBody is long work as the list of its steps.
type StepsBody struct{ Steps []WorkStep }

// WorkStep is one step of long work.
type WorkStep struct {
	Label    string
	State    PhaseState
	Detail   string  // time taken, time left, an address: right-aligned, mono
	Fraction float64 // of a running step, 0 to 1; negative: not known
}

// ShareHiddenBody stands where a share will be shown to its custodian.
type ShareHiddenBody struct {
	Custodian    string
	Index, Total int    // 1-based
	Seen         []bool // by index: written down already
}

// ShareBody is a share in the open.
type ShareBody struct{ Words *Words }

// EntryBody is a share being typed. Input and Erase events change it, PickWord
// takes a candidate.
type EntryBody struct {
	Total      int      // words of a share
	Accepted   int      // words taken so far
	Position   int      // 1-based word being typed; Total+1 once all are taken
	Current    string   // letters of the present word
	Next       string   // the letters that may follow, in order
	Candidates []string // few enough to offer, else empty
	Revealed   *Words   // accepted words, while the action is held; else nil
	Suspect    int      // 1-based word that the check words point at; 0: none
	Wrong      string   // why the share was not taken; else empty
}

// FingerprintBody is a digest in large groups, its QR code and what it is of.
type FingerprintBody struct {
	Of    string // "SHA-256 of ROOT.CRT"
	Hex   string // 64 upper-case digits
	QR    string // text of the QR code, alphanumeric mode
	Facts []Fact
}

// FindingsBody is what a validation found.
type FindingsBody struct{ Findings []Finding }

// Finding is one line of a validation.
type Finding struct {
	Level string // PASS, WARN or ERROR
	Check string
	What  string
}

// MessageBody tells what happened, what is certain and what to do now.
type MessageBody struct {
	Happened string
	Certain  []string // what is on the disc, what left the HSM, what is on the stick
	Do       string
}

// PageBody is a page to read: HTML of the subset that ui/html draws. Nobody
// changes the bytes.
type PageBody struct{ HTML []byte }

func (ClockBody) body()       {}
func (TextBody) body()        {}
func (FactsBody) body()       {}
func (ChoicesBody) body()     {}
func (MenuBody) body()        {}
func (StepsBody) body()       {}
func (ShareHiddenBody) body() {}
func (ShareBody) body()       {}
func (EntryBody) body()       {}
func (FingerprintBody) body() {}
func (FindingsBody) body()    {}
func (MessageBody) body()     {}
func (PageBody) body()        {}

// Words is a share's words while they may be seen. Once wiped it shows nothing,
// whoever still holds a view of it.
type Words struct {
	mu sync.Mutex
	w  []string
}

// NewWords takes w over.
func NewWords(w []string) *Words { return &Words{w: w} }

// All returns the words in order, none after Wipe. It must not be kept.
func (w *Words) All() []string {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.w...)
}

// Wipe forgets the words.
func (w *Words) Wipe() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.w)
	w.w = nil
}

// Event is what a person did: one of the types below.
type Event interface{ event() }

// Press is an action pressed, by touch or by its key.
type Press struct{ Action string }

// Hold is an action with Held pressed down or let go.
type Hold struct {
	Action string
	Down   bool
}

// Pick is an item of a list or a card, counted from 0.
type Pick struct{ Index int }

// Input is text typed into a TextBody or an EntryBody.
type Input struct{ Text string }

// Erase is the backspace key.
type Erase struct{}

// PickWord is one of an EntryBody's candidates.
type PickWord struct{ Word string }

// PowerButton is the machine's own button. It may be pressed on any screen.
type PowerButton struct{}

func (Press) event()    {}
func (Hold) event()     {}
func (Pick) event()     {}
func (Input) event()    {}
func (Erase) event()    {}
func (PickWord) event() {}

func (PowerButton) event() {}
