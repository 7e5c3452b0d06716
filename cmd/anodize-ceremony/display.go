package main

import (
	"context"

	"anodize/core/ceremony"
	"anodize/ui/host"
)

// show runs the ceremony and shows it on the machine's own screen, until the people
// close it or ctx ends.
func show(ctx context.Context, c *ceremony.Ceremony) error {
	return host.Perform(ctx, host.Options{}, c)
}
