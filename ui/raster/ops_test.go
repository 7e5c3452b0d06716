package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"testing"

	"gioui.org/f32"
	"gioui.org/internal/ops"
	"gioui.org/internal/scene"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
)

// The decoding depends on these; another version of Gio may change them.
func TestGiosEncodingIsTheOneThatIsRead(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"command", scene.CommandSize, 36},
		{"path", ops.TypePathLen, 9},
		{"aux", ops.TypeAuxLen, 1},
		{"stroke", ops.TypeStrokeLen, 5},
		{"clip", ops.TypeClipLen, 19},
		{"color", ops.TypeColorLen, 5},
		{"gradient", ops.TypeLinearGradientLen, 25},
		{"image", ops.TypeImageLen, 2},
		{"linear filter", int(paint.FilterLinear), int(linearFilter)},
		{"nearest filter", int(paint.FilterNearest), int(nearestFilter)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, not %d", c.name, c.got, c.want)
		}
	}
}

// Two ways to say the same must paint the same.
func TestStateOperations(t *testing.T) {
	fill := func(o *op.Ops, r image.Rectangle) { paint.FillShape(o, red, clip.Rect(r).Op()) }
	tests := []struct {
		name      string
		one, same func(o *op.Ops)
	}{
		{"a macro is painted where it is called, as often as it is",
			func(o *op.Ops) {
				m := op.Record(o)
				fill(o, image.Rect(1, 1, 5, 5))
				call := m.Stop()
				call.Add(o)
				defer op.Offset(image.Pt(10, 3)).Push(o).Pop()
				call.Add(o)
			},
			func(o *op.Ops) { fill(o, image.Rect(1, 1, 5, 5)); fill(o, image.Rect(11, 4, 15, 8)) }},
		{"a deferred call comes last, without the clip, in its place",
			func(o *op.Ops) {
				stack := clip.Rect(image.Rect(0, 0, 2, 2)).Push(o)
				offset := op.Offset(image.Pt(4, 6)).Push(o)
				m := op.Record(o)
				fill(o, image.Rect(0, 0, 9, 9))
				op.Defer(o, m.Stop())
				offset.Pop()
				stack.Pop()
				paint.Fill(o, pale)
			},
			func(o *op.Ops) { paint.Fill(o, pale); fill(o, image.Rect(4, 6, 13, 15)) }},
		{"the first brush is black",
			func(o *op.Ops) { paint.Fill(o, pale); m := op.Record(o); paint.PaintOp{}.Add(o); op.Defer(o, m.Stop()) },
			func(o *op.Ops) { paint.Fill(o, black) }},
		{"an empty image leaves the brush as it is",
			func(o *op.Ops) {
				paint.ColorOp{Color: red}.Add(o)
				paint.NewImageOp(image.NewRGBA(image.Rectangle{})).Add(o)
				paint.PaintOp{}.Add(o)
			},
			func(o *op.Ops) { paint.Fill(o, red) }},
		{"a stroke of no width shows nothing",
			func(o *op.Ops) {
				th := thing{at: image.Rect(2, 2, 20, 20)}
				paint.FillShape(o, red, clip.Stroke{Path: th.curve(o)}.Op())
			},
			func(*op.Ops) {}},
		{"an empty outline shows nothing",
			func(o *op.Ops) {
				var p clip.Path
				p.Begin(o)
				paint.FillShape(o, red, clip.Outline{Path: p.End()}.Op())
			},
			func(*op.Ops) {}},
		{"a plane shrunk to a line shows nothing",
			func(o *op.Ops) {
				defer op.Affine(f32.AffineId().Scale(f32.Point{}, f32.Pt(0, 1))).Push(o).Pop()
				paint.Fill(o, red)
			},
			func(*op.Ops) {}},
		{"a gradient of no length is its second colour",
			func(o *op.Ops) {
				paint.LinearGradientOp{Stop1: pt(5, 5), Stop2: pt(5, 5), Color1: pale, Color2: red}.Add(o)
				paint.PaintOp{}.Add(o)
			},
			func(o *op.Ops) { paint.Fill(o, red) }},
		{"a rectangle without bounds is the whole plane, even between pixels",
			func(o *op.Ops) {
				defer op.Affine(f32.AffineId().Offset(pt(0.5, 0.25))).Push(o).Pop()
				fill(o, image.Rect(-1e6, -1e6, 1e6, 1e6))
			},
			func(o *op.Ops) { paint.Fill(o, red) }},
		{"a curve with its control point at its end is stroked as the line that it is",
			func(o *op.Ops) { strokeOf(o, func(p *clip.Path) { p.QuadTo(pt(5, 5), pt(20, 18)) }) },
			func(o *op.Ops) { strokeOf(o, func(p *clip.Path) { p.LineTo(pt(20, 18)) }) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var one, same op.Ops
			test.one(&one)
			test.same(&same)
			got, want := newTarget(30, 30), newTarget(30, 30)
			frame(t, New(), &one, got)
			frame(t, New(), &same, want)
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Error("the pictures differ")
			}
		})
	}
}

func strokeOf(o *op.Ops, draw func(p *clip.Path)) {
	var p clip.Path
	p.Begin(o)
	p.MoveTo(pt(5, 5))
	draw(&p)
	paint.FillShape(o, red, clip.Stroke{Path: p.End(), Width: 4}.Op())
}

// Gio's hash of a path leaves out where its contours end, which makes another stroke.
func TestStrokesOfOneHashAreToldApart(t *testing.T) {
	draw := func(o *op.Ops, close bool) {
		var p clip.Path
		p.Begin(o)
		p.MoveTo(pt(15, 15))
		for i, to := range []f32.Point{pt(25, 5), pt(15, 15), pt(5, 5), pt(15, 15)} {
			p.LineTo(to)
			if close && i == 1 {
				p.Close()
			}
		}
		paint.FillShape(o, red, clip.Stroke{Path: p.End(), Width: 6}.Op())
	}
	var closed, open op.Ops
	draw(&closed, true)
	draw(&open, false)
	r, got, want := New(), newTarget(30, 30), newTarget(30, 30)
	frame(t, r, &closed, newTarget(30, 30))
	frame(t, r, &open, got)
	frame(t, New(), &open, want)
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Error("the other path's stroke was painted")
	}
}

// raw adds an operation as it is encoded.
func raw(o *op.Ops, t ops.OpType, payload ...byte) {
	refs := make([]any, t.NumRefs())
	var data []byte
	switch len(refs) {
	case 0:
		data = ops.Write(&o.Internal, int(t.Size()))
	case 1:
		data = ops.Write1(&o.Internal, int(t.Size()), refs[0])
	default:
		data = ops.Write2(&o.Internal, int(t.Size()), refs[0], refs[1])
	}
	data[0] = byte(t)
	copy(data[1:], payload)
}

func floats(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// rawPath adds a path of the given records, and the clip.
func rawPath(o *op.Ops, width float32, records []byte) {
	m := op.Record(o)
	ops.BeginMulti(&o.Internal)
	data := ops.WriteMulti(&o.Internal, 1+len(records))
	data[0] = byte(ops.TypeAux)
	copy(data[1:], records)
	call := m.Stop()
	ops.EndMulti(&o.Internal)
	raw(o, ops.TypePath, 1, 2, 3)
	call.Add(o)
	if width != 0 {
		raw(o, ops.TypeStroke, floats(width)...)
	}
	raw(o, ops.TypeClip, append(make([]byte, 16), 1, 0)...)
	raw(o, ops.TypePaint)
}

func record(contour uint32, c scene.Command) []byte {
	b := make([]byte, recordSize)
	binary.LittleEndian.PutUint32(b, contour)
	ops.EncodeCommand(b[4:], c)
	return b
}

func TestMalformedOperationsAreAnErrorAndPaintNothing(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	line := record(1, scene.Line(pt(1, 1), pt(9, 9)))
	tests := []struct {
		name string
		add  func(o *op.Ops)
	}{
		{"an unknown operation", func(o *op.Ops) { ops.Write(&o.Internal, 1)[0] = 7 }},
		{"an operation cut short", func(o *op.Ops) { ops.Write(&o.Internal, 3)[0] = byte(ops.TypeClip) }},
		{"a pop of a transform", func(o *op.Ops) { raw(o, ops.TypePopTransform) }},
		{"a pop of a clip", func(o *op.Ops) { raw(o, ops.TypePopClip) }},
		{"a pop of an opacity", func(o *op.Ops) { raw(o, ops.TypePopOpacity) }},
		{"an opacity without a pop", func(o *op.Ops) { raw(o, ops.TypePushOpacity, floats(0.5)...) }},
		{"an opacity that is no number", func(o *op.Ops) { raw(o, ops.TypePushOpacity, floats(nan)...); raw(o, ops.TypePopOpacity) }},
		{"opacities without end", func(o *op.Ops) {
			for range 1000 {
				raw(o, ops.TypePushOpacity, floats(0.5)...)
			}
		}},
		{"a load of what was not saved", func(o *op.Ops) { raw(o, ops.TypeLoad, 5) }},
		{"a path without commands", func(o *op.Ops) { raw(o, ops.TypePath); raw(o, ops.TypePaint) }},
		{"a path at the end", func(o *op.Ops) { raw(o, ops.TypePath) }},
		{"commands without a macro", func(o *op.Ops) { raw(o, ops.TypeAux) }},
		{"a record cut short", func(o *op.Ops) { rawPath(o, 0, line[:30]) }},
		{"an unknown command", func(o *op.Ops) { rawPath(o, 0, record(1, scene.SetLineWidth(1))) }},
		{"a coordinate that is no number", func(o *op.Ops) { rawPath(o, 0, record(1, scene.Line(pt(nan, 0), pt(1, 1)))) }},
		{"an infinite coordinate", func(o *op.Ops) { rawPath(o, 0, record(1, scene.Quad(pt(0, 0), pt(1, inf), pt(1, 1)))) }},
		{"a path as large as the world", func(o *op.Ops) { rawPath(o, 0, record(1, scene.Line(pt(1e20, 0), pt(1, 1)))) }},
		{"a path of more curves than can be drawn", func(o *op.Ops) {
			rawPath(o, 0, bytes.Repeat(record(1, scene.Cubic(pt(0, 0), pt(1e6, 0), pt(-1e6, 9), pt(1, 1))), 300))
		}},
		{"a stroke of more curves than can be drawn", func(o *op.Ops) { rawPath(o, 1, bytes.Repeat(line, 1+maxStroked/recordSize)) }},
		{"a stroke as wide as the world", func(o *op.Ops) { rawPath(o, 1e9, line) }},
		{"a stroke of a negative width", func(o *op.Ops) { rawPath(o, -1, line) }},
		{"a stroke of contour 0", func(o *op.Ops) { rawPath(o, 1, record(0, scene.Line(pt(1, 1), pt(9, 9)))) }},
		{"a transform that is no number", func(o *op.Ops) { raw(o, ops.TypeTransform, append([]byte{1}, floats(nan, 0, 0, 0, 1, 0)...)...) }},
		{"transforms without bounds", func(o *op.Ops) {
			for range 20 {
				raw(o, ops.TypeTransform, append([]byte{0}, floats(1e30, 0, 0, 0, 1e30, 0)...)...)
			}
		}},
		{"a path moved out of the world", func(o *op.Ops) {
			raw(o, ops.TypeTransform, append([]byte{0}, floats(1, 0, 1e12, 0, 1, 0)...)...)
			rawPath(o, 0, line)
		}},
		{"a gradient's stop that is no number", func(o *op.Ops) { raw(o, ops.TypeLinearGradient, floats(nan, 0, 0, 0)...) }},
		{"an image that is none", func(o *op.Ops) { raw(o, ops.TypeImage); raw(o, ops.TypePaint) }},
		{"an image with less memory than its size", func(o *op.Ops) {
			paint.NewImageOp(&image.RGBA{Rect: image.Rect(0, 0, 9, 9), Stride: 36, Pix: make([]byte, 300)}).Add(o)
			paint.PaintOp{}.Add(o)
		}},
		{"an image of a negative stride", func(o *op.Ops) {
			paint.NewImageOp(&image.RGBA{Rect: image.Rect(0, 0, 9, 9), Stride: -36, Pix: make([]byte, 400)}).Add(o)
		}},
		{"an unknown filter", func(o *op.Ops) {
			img := paint.NewImageOp(modules(3))
			img.Filter = 9
			img.Add(o)
		}},
		{"a call into operations that were reset", func(o *op.Ops) {
			var other op.Ops
			m := op.Record(&other)
			paint.Fill(&other, red)
			call := m.Stop()
			other.Reset()
			call.Add(o)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var good, bad op.Ops
			paint.Fill(&good, pale)
			paint.Fill(&bad, red)
			test.add(&bad)
			r, target := New(), newTarget(20, 20)
			frame(t, r, &good, target)
			before := bytes.Clone(target.Pix)
			if _, err := r.Frame(&bad, target); !errors.Is(err, ErrMalformed) {
				t.Errorf("the error is %v", err)
			}
			if !bytes.Equal(target.Pix, before) {
				t.Error("the target was painted on")
			}
			if damage := frame(t, r, &good, target); len(damage) != 0 {
				t.Errorf("the next good frame has damage %v", damage)
			}
		})
	}
}

// FuzzFrame reads pairs of an operation and its payload; whatever they are, Frame comes
// back with a picture or an error. Macros and calls are made through Gio alone: its
// reader follows a raw one anywhere, for ever.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{byte(ops.TypeColor), 1, 2, 3, 255, byte(ops.TypePaint)})
	f.Add(append([]byte{byte(ops.TypeTransform), 1}, floats(1, 0.5, 3, 0.2, 2, 1)...))
	f.Add(append([]byte{byte(ops.TypePath), 3}, append(record(1, scene.Cubic(pt(1, 1), pt(30, 2), pt(3, 40), pt(20, 20))), floats(3)...)...))
	f.Add(append(append([]byte{byte(ops.TypePushOpacity)}, floats(0.5)...), byte(ops.TypePaint), byte(ops.TypePopOpacity)))
	f.Add(append(append([]byte{byte(ops.TypeLinearGradient)}, floats(1, 2, 3, 9)...), 1, 2, 3, 4, 5, 6, 7, 8, byte(ops.TypePaint)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o op.Ops
		next := func(n int) []byte {
			p := make([]byte, n)
			data = data[copy(p, data):]
			return p
		}
		for len(data) > 0 {
			switch kind := ops.OpType(next(1)[0]); {
			case kind == ops.TypePath:
				n := next(1)[0]
				records := next(int(n%8) * recordSize)
				rawPath(&o, math.Float32frombits(binary.LittleEndian.Uint32(next(4))), records)
			case kind == ops.TypeImage:
				testImages[0].Add(&o)
			case kind.Size() > 0 && kind != ops.TypeMacro && kind != ops.TypeCall && kind != ops.TypeDefer && kind != ops.TypeAux:
				raw(&o, kind, next(int(kind.Size())-1)...)
			}
		}
		if _, err := New().Frame(&o, newTarget(64, 48)); err != nil && !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
	})
}
