// Package screen lays out the fullest screens of the kiosk as lists of Gio's
// operations, for two renderers to paint.
//
// It guarantees that a list depends on its arguments alone, so that both renderers,
// and every run, paint the same.
package screen

import (
	"image"
	"image/color"
	"strings"
	"time"

	"gioui.org/f32"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/kit"
)

// Page is a screen that can be laid out at one size.
type Page struct {
	screens *ui.Screens
	view    ceremony.View
	size    image.Point
}

// Fingerprint is the screen on which most is painted: a QR code, the largest type and
// the longest texts around it.
func Fingerprint(size image.Point) *Page { return newPage(size, fingerprint()) }

// Findings is the screen with the most text: 40 findings, most of them below the edge
// that they scroll under.
func Findings(size image.Point) *Page { return newPage(size, findings()) }

func newPage(size image.Point, v ceremony.View) *Page {
	p := &Page{screens: ui.New(kit.NewTheme()), view: v, size: size}
	p.Plain() // a list that scrolls knows what is in sight once it was laid out
	return p
}

// Size returns the page's width and height in pixels.
func (p *Page) Size() image.Point { return p.size }

// Plain lays out the page as it is.
func (p *Page) Plain() *op.Ops { return p.Second(0) }

// Second lays out the page n seconds later: the clock in the bar has moved on.
func (p *Page) Second(n int) *op.Ops {
	v := p.view
	v.Now = v.Now.Add(time.Duration(n) * time.Second)
	ops := new(op.Ops)
	p.lay(ops, &v)
	return ops
}

// Enlarged lays out the part of the page that begins at from, every length times scale.
func (p *Page) Enlarged(scale float32, from image.Point) *op.Ops {
	ops := new(op.Ops)
	shift := f32.Pt(-float32(from.X), -float32(from.Y))
	defer op.Affine(f32.AffineId().Offset(shift).Scale(f32.Point{}, f32.Pt(scale, scale))).Push(ops).Pop()
	p.lay(ops, &p.view)
	return ops
}

func (p *Page) lay(ops *op.Ops, v *ceremony.View) {
	p.screens.Layout(layout.Context{Ops: ops, Constraints: layout.Exact(p.size)}, v)
}

// Square lays out the page with a square of 52 pixels over it, n times 20 pixels from
// its middle.
func (p *Page) Square(n int) *op.Ops {
	ops := p.Plain()
	at := p.size.Div(2).Add(image.Pt(20*n, 0))
	r := image.Rectangle{Min: at, Max: at.Add(image.Pt(52, 52))}
	paint.FillShape(ops, color.NRGBA{R: 0x17, G: 0x6b, B: 0x4d, A: 0xff}, clip.UniformRRect(r, 8).Op(ops))
	return ops
}

const (
	digits = "A1B2C3D4E5F60718293A4B5C6D7E8F90112233445566778899AABBCCDDEEFF01"
	name   = "Example Corporation Worldwide Offline Root Certification Auth R1" // 64 characters: X.520, ub-common-name
)

// frame is what stands around every screen, at its longest.
func frame(operation string) ceremony.View {
	v := ceremony.View{
		Screen: 7, Revision: 1,
		CA: name, Banner: "REHEARSAL",
		HSM:   ceremony.Lamp{State: ceremony.There, Word: "HSM 0034332673, 2 of 3 in the fleet"},
		Disc:  ceremony.Lamp{State: ceremony.There, Word: "Disc, 251 sessions free"},
		Stick: ceremony.Lamp{State: ceremony.There, Word: "Stick"},
		Now:   time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC), ClockConfirmed: true,
		Operation: operation,
		Records:   123456, LogHead: strings.ToLower(digits), TreeHead: strings.ToLower(digits),
		Note: "Both operators have compared it",
		Actions: []ceremony.Action{
			{ID: "differs", Label: "It differs", Key: "Esc", Kind: ceremony.Stop},
			{ID: "same", Label: "The same", Key: "Enter", Kind: ceremony.Primary},
		},
	}
	for i, n := range [...]string{"Preflight", "Plan", "Commit", "Quorum", "Execute", "Record", "Export"} {
		v.Phases[i] = ceremony.Phase{Name: n, State: ceremony.Done}
	}
	return v
}

func fingerprint() ceremony.View {
	v := frame("Init root")
	v.Title = "Compare the fingerprint"
	v.Sentence = "Read it aloud, group by group, against the printout. Scan the code to compare by machine."
	v.Body = ceremony.FingerprintBody{Of: "SHA-256 of ROOT.CRT", Hex: digits, QR: digits, Facts: []ceremony.Fact{
		{Name: "Subject", Value: "CN=" + name + ", OU=Public Key Infrastructure and Key Management, O=Example Corporation of Somewhere Ltd, C=US"},
		{Name: "Valid", Value: "2026-04-25 14:31:22 UTC to 2046-04-25 14:31:22 UTC (7,305 days)"},
		{Name: "Key", Value: "ECDSA P-384, made in HSM 0034332673"},
		{Name: "Serial", Value: "5d 11 8c 02 77 e0 9b 41 c6 aa 30 1f", Mono: true},
		{Name: "Tree head", Value: strings.ToLower(digits), Mono: true},
	}}
	return v
}

func findings() ceremony.View {
	v := frame("Validate disc")
	v.Title = "The disc has errors"
	v.Sentence = "Do not use it before somebody has looked at it."
	kinds := []ceremony.Finding{
		{Level: "PASS", Check: "log.chain", What: "14 records, each names the one before, from SHA-256 of the profile"},
		{Level: "WARN", Check: "session.void", What: "Session 4 is declared void by session 5: power was lost while it was written"},
		{Level: "ERROR", Check: "crl.number", What: "The CRL number falls from 3 to 2 between 20260425T143122Z and 20260426T090000Z"},
	}
	var b ceremony.FindingsBody
	for i := range 40 {
		b.Findings = append(b.Findings, kinds[i%len(kinds)])
	}
	v.Body = b
	return v
}
