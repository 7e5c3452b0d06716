package main

import (
	"context"
	"errors"

	"anodize/core/ceremony"
)

// errNoDisplay says that this program cannot show anything.
var errNoDisplay = errors.New("no display in this build")

// show shows the ceremony on the machine's screen, and sends it what people do,
// until ctx ends.
func show(context.Context, *ceremony.Ceremony) error { return errNoDisplay }
