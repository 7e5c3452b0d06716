package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anodize/core/ceremony"
	"anodize/ui/host"
)

// patience is how long a person waits for something to appear before giving up.
// It bounds a rehearsal that hangs; it measures nothing.
var patience = 20 * time.Second

// banner is what every screen of a rehearsal says.
const banner = "REHEARSAL"

// player does what a script says, by touch and keys, and keeps what a custodian
// would have written on a card.
type player struct {
	ceremony *ceremony.Ceremony
	ended    <-chan struct{} // closed when the ceremony has run
	screen   *host.Headless
	room     *room
	seen     bool   // on the machine's own screen: people look on
	pictures string // folder
	shot     int
	sent     uint64
	cards    [][]string      // the words of each share, in the order shown
	card     *ceremony.Words // the share on the screen
}

// play does one step.
func (p *player) play(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.settle(ctx); err != nil {
		return err
	}
	switch s.verb {
	case tapVerb:
		return p.until(ctx, func() error { return p.screen.Tap(s.arg) })
	case keyVerb:
		if err := p.screen.Key(s.arg, 0); err != nil {
			return err
		}
		return p.settle(ctx)
	case typeVerb:
		if err := p.screen.Type(s.arg); err != nil {
			return err
		}
		return p.settle(ctx)
	case expectVerb:
		return p.until(ctx, func() error {
			if !p.screen.HasText(s.arg) {
				return fmt.Errorf("%q is not on the screen", s.arg)
			}
			return nil
		})
	case shareVerb:
		return p.share(ctx, s.n)
	case shotVerb:
		return p.picture(s.arg)
	case pullVerb:
		return p.room.pull(s.arg)
	case insertVerb:
		return p.room.insert(s.arg)
	}
	return fmt.Errorf("unknown verb %q", s.verb)
}

// until tries again after every change of the screen, and once more settles
// what the successful try has brought about.
func (p *player) until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return p.settle(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-p.ended:
			return err
		case <-p.ceremony.Updated():
		}
		if p.settle(ctx) != nil {
			return err
		}
	}
}

// settle draws the screen until the ceremony has taken every event and waits
// for people again.
func (p *player) settle(ctx context.Context) error {
	for {
		v := p.ceremony.View()
		if v.Handled < p.sent || v.Working && !p.over() {
			select {
			case <-ctx.Done():
				return errors.New("the ceremony does not come to an end with what it does")
			case <-p.ended:
			case <-p.ceremony.Updated():
			}
			if !p.over() {
				continue
			}
			v = p.ceremony.View()
		}
		events, err := p.screen.Frame(v)
		if err != nil {
			return fmt.Errorf("drawing %q: %w", v.Title, err)
		}
		p.writeDown(v)
		for _, e := range events {
			if !p.ceremony.Send(e.Screen, e.Event) {
				return errors.New("the ceremony lost an event")
			}
			p.sent++
		}
		if len(events) == 0 || p.over() {
			return nil
		}
	}
}

// over reports whether the ceremony has run to its end.
func (p *player) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// writeDown copies a share that is on the screen onto its custodian's card.
func (p *player) writeDown(v *ceremony.View) {
	if b, ok := v.Body.(ceremony.ShareBody); ok && b.Words != p.card {
		p.card = b.Words
		p.cards = append(p.cards, b.Words.All())
	}
}

// share types a card's words, each letter by letter until the word is taken.
func (p *player) share(ctx context.Context, n int) error {
	if n > len(p.cards) {
		return fmt.Errorf("no share %d was shown: there are %d", n, len(p.cards))
	}
	for i, word := range p.cards[n-1] {
		if err := p.word(ctx, i+1, word); err != nil {
			return fmt.Errorf("typing word %d of share %d: %w", i+1, n, err)
		}
	}
	return nil
}

func (p *player) word(ctx context.Context, position int, word string) error {
	for _, letter := range word {
		if at, err := p.position(); err != nil || at > position {
			return err
		}
		if err := p.screen.Type(string(letter)); err != nil {
			return err
		}
		if err := p.settle(ctx); err != nil {
			return err
		}
	}
	at, err := p.position()
	if err == nil && at <= position {
		err = errors.New("it was not taken")
	}
	return err
}

// position is the word that the screen waits for.
func (p *player) position() (int, error) {
	b, ok := p.ceremony.View().Body.(ceremony.EntryBody)
	if !ok {
		return 0, errors.New("no share is asked for")
	}
	return b.Position, nil
}

// picture keeps what is on the screen. No picture of a rehearsal may pass for
// one of a ceremony.
func (p *player) picture(name string) error {
	if !p.screen.HasText(banner) {
		return fmt.Errorf("the screen does not say %s", banner)
	}
	p.shot++
	return p.screen.SavePNG(filepath.Join(p.pictures, fmt.Sprintf("%02d-%s.png", p.shot, name)))
}

// rehearse sets the room up, plays the script and leaves what came of it. It closes
// the display that it is seen on, if there is one.
func rehearse(ctx context.Context, o options, d host.Display, steps []step, stdout io.Writer) (err error) {
	if d != nil {
		defer func() { err = errors.Join(err, d.Close()) }()
	}
	stage, err := newStage(o)
	if err != nil {
		return err
	}
	p, stop, err := stage.start(ctx, o, d)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range steps {
		if err := errors.Join(p.wait(ctx), p.play(ctx, s)); err != nil {
			return errors.Join(fmt.Errorf("%s: %s %s: %w", s.where, s.verb, s.arg, err), p.failed())
		}
	}
	stop()
	if err := stage.leave(p.room.disc); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d steps played. In %s: disc.img, sessions.txt, shuttle/ and %d pictures in screens/.\n", len(steps), o.out, p.shot)
	return nil
}

// failed keeps the picture of a step that could not be played and tells what
// was on the screen.
func (p *player) failed() error {
	if err := p.picture("failed"); err != nil {
		return err
	}
	return fmt.Errorf("on the screen (picture %02d-failed.png):\n  %s", p.shot, strings.Join(p.screen.Texts(), "\n  "))
}

// newPlayer starts the ceremony's own goroutine.
func newPlayer(ctx context.Context, c *ceremony.Ceremony, screen *host.Headless, r *room, pictures string) (*player, func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Run(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "anodize-rehearsal: the ceremony ended: %v\n", err)
		}
	}()
	return &player{ceremony: c, ended: ended, screen: screen, room: r, pictures: pictures}, func() {
		cancel()
		<-ended
	}
}
