package kit

import "image/color"

// The palette. Colour never stands alone: a sign or a word goes with it.
// Ink and blue keep 7:1 against paper and card, the other named colours 4.5:1
// (WCAG 2.2, relative luminance); a test computes the ratios.
var (
	Ink   = rgb(0x15191E)
	Paper = rgb(0xF5F3EE)
	White = rgb(0xFFFFFF) // a card
	Line  = rgb(0xD9D4C8)
	Muted = rgb(0x5E6670)
	Soft  = rgb(0x3A424B) // a sentence under a title

	Oxide = rgb(0xA8421F) // stop, differs, destroy, secret
	Green = rgb(0x176B4D) // verified, done
	Blue  = rgb(0x1F5582) // in progress, comparison
	Amber = rgb(0x8A5A00) // read this first

	AmberPaper = rgb(0xFBF3DF)
	OxidePaper = rgb(0xFBEAE3)
	GreenPaper = rgb(0xE7F2EC)

	Rail    = rgb(0xECE7DF)
	RailRim = rgb(0xB3AB9C) // circles and connectors of phases to come
	Track   = rgb(0xE1DDD1) // the part of a bar that is still to come
	Halo    = rgb(0xCFD4DC) // around the focus ring

	KeyDim   = rgb(0xEFEAE2) // a key that cannot continue a word
	Disabled = rgb(0x8B8477) // text of what cannot be pressed

	// On the top bar, which is ink.
	BarText   = rgb(0xFFFFFF)
	BarWord   = rgb(0xDDE0E4)
	BarMuted  = rgb(0xA9AFB6)
	LampGreen = rgb(0x4DB98C)
	LampAmber = rgb(0xE8A33D)
	LampGrey  = rgb(0x7D858E)
)

func rgb(c uint32) color.NRGBA {
	return color.NRGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xFF}
}
