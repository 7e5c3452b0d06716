package html

import "image/color"

// The colours of pages: the palette of the screens, which a test compares them
// with. They stand here again so that this package needs nothing of the kiosk.
var (
	ink   = rgb(0x15191E)
	soft  = rgb(0x3A424B)
	muted = rgb(0x5E6670)

	paper = rgb(0xF5F3EE)
	white = rgb(0xFFFFFF)
	hair  = rgb(0xD9D4C8) // lines between rows
	edge  = rgb(0xB3AB9C) // lines around what is written into
	rail  = rgb(0xECE7DF) // ground of heads
	track = rgb(0xE1DDD1)

	blue  = rgb(0x1F5582)
	amber = rgb(0x8A5A00)
	oxide = rgb(0xA8421F)
	green = rgb(0x176B4D)

	amberPaper = rgb(0xFBF3DF)
	oxidePaper = rgb(0xFBEAE3)
	greenPaper = rgb(0xE7F2EC)

	foundPaper   = rgb(0xF6E2A6) // what was found
	currentPaper = rgb(0xEFC45C) // of it, what is shown now
)

func rgb(c uint32) color.NRGBA {
	return color.NRGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xFF}
}
