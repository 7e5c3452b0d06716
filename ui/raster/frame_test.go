package raster

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"slices"
	"testing"

	"gioui.org/f32"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
	"pgregory.net/rapid"
)

// thing is something on a random picture, small enough to be compared and changed.
type thing struct {
	kind    int
	at      image.Rectangle
	turn    float32
	shift   f32.Point
	color   color.NRGBA
	image   int
	inside  []thing // of a layer or a clip
	opacity float32
}

const (
	rectThing = iota
	roundThing
	curveThing
	strokeThing
	gradientThing
	imageThing
	layerThing
	clipThing
	planeThing
	thingKinds
)

var testImages = []paint.ImageOp{
	paint.NewImageOp(photo(13, 9, true)),
	paint.NewImageOp(photo(90, 70, false)),
	paint.NewImageOp(modules(21)),
}

func drawThing(t *rapid.T, depth int) thing {
	kinds := thingKinds - 1
	if depth == 0 {
		kinds = imageThing
	}
	min := image.Pt(rapid.IntRange(-20, 90).Draw(t, "x"), rapid.IntRange(-20, 60).Draw(t, "y"))
	size := image.Pt(rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h"))
	th := thing{
		kind:    rapid.IntRange(0, kinds).Draw(t, "kind"),
		at:      image.Rectangle{Min: min, Max: min.Add(size)},
		turn:    rapid.SampledFrom([]float32{0, 0, 0, 0.4, -1.1}).Draw(t, "turn"),
		shift:   f32.Pt(float32(rapid.IntRange(0, 3).Draw(t, "dx"))/4, float32(rapid.IntRange(0, 3).Draw(t, "dy"))/4),
		image:   rapid.IntRange(0, len(testImages)-1).Draw(t, "image"),
		opacity: rapid.SampledFrom([]float32{0, 0.3, 0.6, 1}).Draw(t, "opacity"),
	}
	v := rapid.Uint32().Draw(t, "color")
	th.color = color.NRGBA{uint8(v), uint8(v >> 8), uint8(v >> 16), uint8(v>>24) | uint8(255*(v>>31))}
	if th.kind == layerThing || th.kind == clipThing {
		th.inside = drawThings(t, depth-1)
	}
	return th
}

func drawThings(t *rapid.T, depth int) []thing {
	var all []thing
	for range rapid.IntRange(0, 6).Draw(t, "things") {
		all = append(all, drawThing(t, depth))
	}
	return all
}

// edit changes one or a few things.
func edit(t *rapid.T, things []thing) []thing {
	things = slices.Clone(things)
	for range rapid.IntRange(0, 3).Draw(t, "edits") {
		i := rapid.IntRange(0, len(things)).Draw(t, "which")
		if i == len(things) {
			things = append(things, drawThing(t, 2))
			continue
		}
		switch rapid.IntRange(0, 7).Draw(t, "edit") {
		case 0:
			things = slices.Delete(things, i, i+1)
		case 1:
			things = slices.Insert(things, i, drawThing(t, 2))
		case 2:
			j := rapid.IntRange(0, len(things)-1).Draw(t, "other")
			things[i], things[j] = things[j], things[i]
		case 3: // what was above goes into a layer, or what was in one comes out
			if len(things[i].inside) > 0 {
				things = slices.Replace(things, i, i+1, things[i].inside...)
			} else {
				things = append(things[:i:i], thing{kind: layerThing, opacity: 0.5, inside: slices.Clone(things[i:])})
			}
		case 4:
			things[i].inside = edit(t, things[i].inside)
			things[i].at = things[i].at.Add(image.Pt(rapid.IntRange(-3, 3).Draw(t, "move"), 0))
		case 5:
			things[i].opacity = rapid.SampledFrom([]float32{0, 0.3, 0.6, 1}).Draw(t, "opacity")
		case 6:
			things[i].color.R += 9
		default:
			things[i] = drawThing(t, 2)
		}
	}
	return things
}

func addThings(o *op.Ops, things []thing) {
	for _, th := range things {
		th.add(o)
	}
}

func (th thing) add(o *op.Ops) {
	mid := f32.Pt(float32(th.at.Min.X+th.at.Dx()/2), float32(th.at.Min.Y+th.at.Dy()/2))
	defer op.Affine(f32.AffineId().Offset(th.shift).Rotate(mid, th.turn)).Push(o).Pop()
	switch th.kind {
	case rectThing:
		paint.FillShape(o, th.color, clip.Rect(th.at).Op())
	case roundThing:
		paint.FillShape(o, th.color, clip.UniformRRect(th.at, min(th.at.Dx(), th.at.Dy())/3).Op(o))
	case curveThing:
		paint.FillShape(o, th.color, clip.Outline{Path: th.curve(o)}.Op())
	case strokeThing:
		paint.FillShape(o, th.color, clip.Stroke{Path: th.curve(o), Width: 1 + float32(th.image)*3}.Op())
	case gradientThing:
		defer clip.Rect(th.at).Push(o).Pop()
		other := color.NRGBA{th.color.B, th.color.R, th.color.G, 200}
		paint.LinearGradientOp{Stop1: pt(float32(th.at.Min.X), float32(th.at.Min.Y)), Stop2: mid, Color1: th.color, Color2: other}.Add(o)
		paint.PaintOp{}.Add(o)
	case imageThing:
		scale := f32.Pt(float32(th.at.Dx())/30, float32(th.at.Dy())/30)
		defer op.Affine(f32.AffineId().Scale(f32.Point{}, scale).Offset(pt(float32(th.at.Min.X), float32(th.at.Min.Y)))).Push(o).Pop()
		img := testImages[th.image]
		img.Filter = paint.ImageFilter(th.at.Dx() % 2)
		img.Add(o)
		paint.PaintOp{}.Add(o)
	case layerThing:
		defer paint.PushOpacity(o, th.opacity).Pop()
		addThings(o, th.inside)
	case clipThing:
		defer clip.UniformRRect(th.at, min(th.at.Dx(), th.at.Dy())/4).Push(o).Pop()
		addThings(o, th.inside)
	case planeThing:
		paint.Fill(o, th.color)
	}
}

func (th thing) curve(o *op.Ops) clip.PathSpec {
	var p clip.Path
	p.Begin(o)
	x0, y0, x1, y1 := float32(th.at.Min.X), float32(th.at.Min.Y), float32(th.at.Max.X), float32(th.at.Max.Y)
	p.MoveTo(pt(x0, y0))
	p.CubeTo(pt(x1, y0), pt(x0, y1), pt(x1, y1))
	p.QuadTo(pt(x0-5, y1+3), pt(x0+2, (y0+y1)/2))
	return p.End()
}

// Whatever is changed from frame to frame, the picture is what a new renderer paints;
// what is outside the damage is not written, and what is outside the rows never.
func TestDamagedFrameEqualsFullFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := 97, 61
		if rapid.IntRange(0, 30).Draw(t, "size") == 0 {
			w, h = 613, 307 // several strips, two goroutines
		}
		r := New()
		r.cache.limit = rapid.SampledFrom([]int{0, 5000, 1 << 20}).Draw(t, "cache")
		format := Format(rapid.IntRange(0, int(RGB565)).Draw(t, "format"))
		screens := []Target{paddedTarget(w, h, format), paddedTarget(w, h, format)}
		things := drawThings(t, 2)
		for range rapid.IntRange(1, 6).Draw(t, "frames") {
			var o op.Ops
			addThings(&o, things)
			target := screens[rapid.IntRange(0, 1).Draw(t, "screen")]
			before := slices.Clone(target.Pix)
			damage, err := r.Frame(&o, target)
			if err != nil {
				t.Fatal(err)
			}
			if err := onlyWithin(damage, before, target); err != nil {
				t.Fatal(err)
			}
			fresh := paddedTarget(w, h, format)
			if _, err := New().Frame(&o, fresh); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(fresh.Pix, target.Pix) {
				t.Fatalf("the picture differs from a full one; damage %v", damage)
			}
			things = edit(t, things)
		}
	})
}

// paddedTarget returns a target whose rows have 12 more bytes, all of it 0xa5.
func paddedTarget(w, h int, f Format) Target {
	t := Target{Width: w, Height: h, Stride: f.bytes()*w + 12, Format: f}
	t.Pix = bytes.Repeat([]byte{0xa5}, h*t.Stride)
	return t
}

// onlyWithin reports what was written outside the damage.
func onlyWithin(damage []image.Rectangle, before []byte, t Target) error {
	inside := make([]bool, t.Width*t.Height)
	for _, d := range damage {
		if d.Empty() || !d.In(t.bounds()) {
			return fmt.Errorf("the damage %v is empty or out of view", d)
		}
		for y := d.Min.Y; y < d.Max.Y; y++ {
			for x := d.Min.X; x < d.Max.X; x++ {
				if inside[y*t.Width+x] {
					return fmt.Errorf("the damage %v overlaps", damage)
				}
				inside[y*t.Width+x] = true
			}
		}
	}
	for i, b := range before {
		x, y := i%t.Stride/t.Format.bytes(), i/t.Stride
		if b != t.Pix[i] && (x >= t.Width || !inside[y*t.Width+x]) {
			return fmt.Errorf("byte %d of row %d was written outside the damage %v", i%t.Stride, y, damage)
		}
	}
	return nil
}

func TestUnchangedFrameHasNoDamage(t *testing.T) {
	s, r, target := newScreen(), New(), newTarget(1280, 800)
	var o op.Ops
	s.layout(&o, image.Pt(1280, 800))
	if damage := frame(t, r, &o, target); len(damage) != 1 || damage[0] != target.bounds() {
		t.Errorf("the first frame's damage is %v", damage)
	}
	s.layout(&o, image.Pt(1280, 800)) // the same, from new operations
	if damage := frame(t, r, &o, target); len(damage) != 0 {
		t.Errorf("an equal frame's damage is %v", damage)
	}
}

func TestSmallChangeTouchesItsRectangle(t *testing.T) {
	s, r, target := newScreen(), New(), newTarget(1920, 1080)
	var o op.Ops
	s.cursor = image.Pt(1000, 500)
	s.layout(&o, image.Pt(1920, 1080))
	frame(t, r, &o, target)
	s.cursor = image.Pt(1010, 505)
	s.clock = "2026-04-25 14:31:23 UTC"
	s.layout(&o, image.Pt(1920, 1080))
	damage := frame(t, r, &o, target)
	square := image.Rect(1000, 500, 1062, 557)
	bar := image.Rect(0, 0, 1920, 72)
	if len(damage) != 2 || !slices.Contains(damage, square) || !(damage[0].In(bar) || damage[1].In(bar)) {
		t.Errorf("a moved square and a clock damage %v", damage)
	}
}

func TestEveryPixelIsRepaintedWhen(t *testing.T) {
	var o op.Ops
	paint.Fill(&o, red)
	target := newTarget(50, 40)
	tests := []struct {
		name string
		then func(r *Renderer, t Target) Target
	}{
		{"the renderer is told to", func(r *Renderer, t Target) Target { r.Invalidate(); return t }},
		{"the size changes", func(_ *Renderer, t Target) Target { t.Width--; return t }},
		{"the format changes", func(_ *Renderer, t Target) Target { t.Format = XBGR8888; return t }},
		{"the pixels become smaller", func(_ *Renderer, t Target) Target { t.Format = RGB565; return t }},
		{"the memory is another", func(_ *Renderer, t Target) Target { t.Pix = make([]byte, len(t.Pix)); return t }},
		{"three other targets were painted since", func(r *Renderer, target Target) Target {
			for range maxSurfaces {
				frame(t, r, &o, newTarget(3, 3))
			}
			return target
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := New()
			frame(t, r, &o, target)
			next := test.then(r, target)
			if damage := frame(t, r, &o, next); len(damage) != 1 || damage[0] != next.bounds() {
				t.Errorf("the damage is %v", damage)
			}
		})
	}
}

func TestNothingIsBlack(t *testing.T) {
	target := paddedTarget(3, 2, XRGB8888)
	frame(t, New(), nil, target)
	img := Image(target)
	for i := range img.Pix {
		if want := uint8(255 * (i % 4 / 3)); img.Pix[i] != want {
			t.Fatalf("byte %d is %d, not %d", i, img.Pix[i], want)
		}
	}
}

func TestFormatsDifferInTheOrderOfBytes(t *testing.T) {
	var o op.Ops
	paint.Fill(&o, color.NRGBA{1, 2, 3, 255})
	for format, want := range map[Format][]byte{XRGB8888: {3, 2, 1, 255}, XBGR8888: {1, 2, 3, 255}} {
		target := newTarget(1, 1)
		target.Format = format
		frame(t, New(), &o, target)
		if !bytes.Equal(target.Pix, want) {
			t.Errorf("format %d stores % x, not % x", format, target.Pix, want)
		}
		if c := Image(target).RGBAAt(0, 0); c != (color.RGBA{1, 2, 3, 255}) {
			t.Errorf("format %d reads back as %v", format, c)
		}
	}
}

// A display of 16 bits a pixel shows the nearest colour there is, and rows of two bytes a
// pixel are as long as they are.
func TestSixteenBitsHoldTheNearestColour(t *testing.T) {
	for v := range 256 {
		var o op.Ops
		c := color.NRGBA{uint8(v), uint8(255 - v), uint8(v ^ 0x5a), 255}
		paint.Fill(&o, c)
		target := Target{Pix: []byte{1, 2, 3, 4, 5, 6}, Stride: 4, Width: 1, Height: 2, Format: RGB565}
		frame(t, New(), &o, target)
		if target.Pix[2] != 3 || target.Pix[3] != 4 {
			t.Fatalf("the bytes between the rows are % x", target.Pix)
		}
		word := int(target.Pix[4]) | int(target.Pix[5])<<8
		for i, ch := range []struct{ want, got, most int }{
			{int(c.R), word >> 11, 31}, {int(c.G), word >> 5 & 63, 63}, {int(c.B), word & 31, 31},
		} {
			if off := ch.got*255 - ch.want*ch.most; off > 127 || off < -127 {
				t.Fatalf("channel %d of %v is stored as %d of %d", i, c, ch.got, ch.most)
			}
		}
		seen := Image(target).RGBAAt(0, 1)
		for _, d := range []int{int(seen.R) - int(c.R), int(seen.G) - int(c.G), int(seen.B) - int(c.B)} {
			if d > 4 || d < -4 {
				t.Fatalf("%v reads back as %v", c, seen)
			}
		}
	}
}

func TestUnusableTargetIsAnError(t *testing.T) {
	pix := make([]byte, 400)
	tests := map[string]Target{
		"no pixels":            {},
		"no width":             {Pix: pix, Stride: 40, Height: 10},
		"a negative height":    {Pix: pix, Stride: 40, Width: 10, Height: -1},
		"a row too short":      {Pix: pix, Stride: 39, Width: 10, Height: 10},
		"a last row cut":       {Pix: pix[:399], Stride: 40, Width: 10, Height: 10},
		"a row beyond memory":  {Pix: pix, Stride: 1 << 62, Width: 10, Height: 10},
		"sides beyond reason":  {Pix: pix, Stride: 1 << 20, Width: 1 << 18, Height: 1},
		"16 bits too short":    {Pix: pix, Stride: 19, Width: 10, Height: 10, Format: RGB565},
		"16 bits cut":          {Pix: pix[:199], Stride: 20, Width: 10, Height: 10, Format: RGB565},
		"a format of the moon": {Pix: pix, Stride: 40, Width: 10, Height: 10, Format: 9},
	}
	for name, target := range tests {
		if _, err := New().Frame(new(op.Ops), target); !errors.Is(err, ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
		if Image(target) != nil {
			t.Errorf("%s: has an image", name)
		}
	}
}

func TestOneProcessorPaintsWhatTwoDo(t *testing.T) {
	var o op.Ops
	s := newScreen()
	s.layout(&o, image.Pt(1000, 700))
	two, one := newTarget(1000, 700), newTarget(1000, 700)
	frame(t, New(), &o, two)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	frame(t, New(), &o, one)
	if !bytes.Equal(one.Pix, two.Pix) {
		t.Error("the pictures differ")
	}
}

func TestCacheKeepsToItsLimit(t *testing.T) {
	r, target := New(), newTarget(400, 300)
	r.cache.limit = 40000
	for i := range 50 {
		var o op.Ops
		for j := range 5 {
			at := image.Rect(0, 0, 30+5*i, 40+j)
			paint.FillShape(&o, red, clip.Ellipse(at).Op(&o))
		}
		frame(t, r, &o, target)
		sum := 0
		for _, e := range r.cache.entries {
			sum += e.bytes()
		}
		if sum != r.cache.bytes || sum > r.cache.limit {
			t.Fatalf("after frame %d the cache holds %d bytes and counts %d; the limit is %d", i, sum, r.cache.bytes, r.cache.limit)
		}
	}
	if len(r.cache.entries) == 0 {
		t.Error("nothing is kept")
	}
	var o op.Ops
	testImages[0].Add(&o)
	paint.PaintOp{}.Add(&o)
	frame(t, r, &o, target)
	frame(t, r, new(op.Ops), target)
	if n := len(r.textures.all); n != 0 {
		t.Errorf("%d images are kept that no frame shows", n)
	}
}
