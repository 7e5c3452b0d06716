package ceremony

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"anodize/core/audit"
)

// Machine tells of the machine that a ceremony runs on.
type Machine interface {
	// Look returns what the machine says of itself now. It is asked often.
	Look() Environment
}

// Environment is what a machine says of itself. Nothing proves it.
type Environment struct {
	By      string      // the program that looked, with its version
	Shown   []FactGroup // for people, before the first gate; none: nothing is asked
	Claims  []Claim     // for the log, before every operation
	Crash   string      // how the kiosk ended before it was started again; else empty
	Warning string      // what people should see to, on any screen; else empty
}

// Claim is one thing that a machine says of itself.
type Claim = audit.Claim

// environment looks at the machine; one that nobody looks at says nothing.
func (c *Ceremony) environment() Environment {
	if c.machine == nil {
		return Environment{By: c.program}
	}
	return c.machine.Look()
}

// claimed is the environment as the log holds it. What a machine says is cut to
// what the log allows: no word of it may keep a ceremony from going on.
func (e Environment) claimed() audit.EnvironmentClaimed {
	out := audit.EnvironmentClaimed{By: plainText(e.By, 128), Facts: []Claim{}}
	for _, f := range e.Claims[:min(len(e.Claims), audit.MaxClaims)] {
		if name := plainText(f.Name, 128); name != "" {
			out.Facts = append(out.Facts, Claim{Name: name, Value: plainText(f.Value, audit.MaxClaim)})
		}
	}
	if out.By == "" {
		out.By = "unknown"
	}
	return out
}

// plainText is text on one line of at most limit bytes.
func plainText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.TrimSpace(clip(s, limit))
}

// glance is the time between two looks at the machine while it is shown.
const glance = 2 * time.Second

// askLive is askGate for a question about the machine, which is looked at again while it
// is asked.
func (c *Ceremony) askLive(ctx context.Context, q screen, until func() bool) (Event, error) {
	beat := time.NewTicker(glance)
	defer beat.Stop()
	c.beat = beat.C
	defer func() { c.beat = nil }()
	return c.askGate(ctx, q, until)
}

// keepShown brings what the screen shows of the machine up to date. It goes by the
// screen: one that comes back, after people thought of shutting down, shows what was.
func (c *Ceremony) keepShown(now []FactGroup) {
	b, ok := c.View().Body.(FactsBody)
	if ok && !slices.EqualFunc(now, b.Groups, sameGroup) {
		c.publish(func(v *View) { v.Body = FactsBody{now} })
	}
}

func sameGroup(a, b FactGroup) bool { return a.Title == b.Title && slices.Equal(a.Facts, b.Facts) }

// showMachine shows the machine as it is now: its memory, its power, what is plugged in.
func (c *Ceremony) showMachine(ctx context.Context) error {
	lost := c.lostDevice(ctx)
	_, err := c.askLive(ctx, screen{
		title: "The machine", sentence: "This is what the machine says of itself now. Nothing proves it.",
		body: FactsBody{c.environment().Shown}, actions: []Action{toMenu},
	}, func() bool {
		c.keepShown(c.environment().Shown)
		return lost()
	})
	return err
}

// machineGate shows the machine as it is, once, and has the boot medium taken out.
func (c *Ceremony) machineGate(ctx context.Context) error {
	for !c.machineSeen {
		e := c.environment()
		if len(e.Shown) == 0 {
			break
		}
		_, err := c.askLive(ctx, e.screen(), func() bool {
			now := c.environment()
			if now.Crash != e.Crash || !slices.Equal(now.Claims, e.Claims) {
				return true
			}
			c.keepShown(now.Shown)
			return false
		})
		if errors.Is(err, errChanged) {
			continue // shown anew
		}
		if err != nil {
			return err
		}
		c.machineSeen = true
	}
	return nil
}

// screen asks whether this is the machine.
func (e Environment) screen() screen {
	q := screen{
		title: "Is this the machine?", sentence: "Compare it with your sheets, and take the boot medium out: everything runs from memory.",
		body:    FactsBody{e.Shown},
		actions: []Action{shutDown, {ID: "out", Label: "It is, and the medium is out", Key: "Enter", Kind: Primary}},
	}
	if e.Crash != "" {
		q.notice = Notice{Kind: Danger, Text: "The kiosk ended and was started again: " + e.Crash + ". The log will tell of it."}
	}
	return q
}
