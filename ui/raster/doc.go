// Package raster paints Gio's list of operations into memory, in Go alone.
//
// It guarantees:
//
//   - The pixels are a function of the operations alone. What Frame leaves after
//     any sequence of frames is, byte for byte, what it would leave if it had
//     painted the last one from nothing; it repaints only the rectangles that it
//     returns.
//   - An operation list that cannot be read is an error that wraps ErrMalformed, and
//     nothing is painted. (A macro that calls itself is the exception: Gio's own
//     reader never comes back from it. Gio's public API cannot record one, but for
//     a call kept over a Reset.)
//   - Memory outside the target's rows is not touched, the target is written once
//     a pixel and never read, so that it may be a write-combined frame buffer.
//
// # Colour
//
// Blending is done in linear light with premultiplied alpha, 16 bits a channel, and
// each result is encoded to 8 bits of sRGB (IEC 61966-2-1), as a GPU does with an
// sRGB frame buffer. Texels of images are decoded as they stand, after their
// premultiplication, as Gio does. What nothing was painted on is black.
//
// # Coverage
//
// A path covers a pixel by min(|signed area|, 1), as in Gio's shaders, where the area
// is exact but for the flattening of curves (to 1/512 of a pixel). Clips multiply.
//
// # How near it comes
//
// The tests compare it with a slow sampler of their own, and no channel may differ by
// more than 4 of 255. The exceptions, and why:
//
//   - Where two edges of one path cross within a pixel, or one path covers a part of a
//     pixel twice, the signed area is not the area inside. This is Gio's rule; strokes
//     show it at the inner side of a joint, and where a curve comes back to its beginning
//     but for rounding, because the caps of its ends then lie over each other.
//   - Outlines of strokes come from Gio's stroker, which is within about 1/100 of the
//     path's unit of the true one (and replaces a cubic curve by quadratic ones to 1/1000
//     of its size); between black and white that may be ten levels in the darkest pixels
//     of an edge.
//   - A linearly filtered image that is shrunk is read from halved copies, as Gio's GPU
//     renderer does; the mean over the pixel's true footprint differs.
//
// # How it differs from Gio's GPU renderer
//
// Stops of a gradient move with the whole transform (Gio takes its translation only);
// an image is mapped by its exact transform (Gio rounds its outline to pixels first);
// layers of an opacity keep 16 bits of linear light (Gio 8 of sRGB).
package raster
