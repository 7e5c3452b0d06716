package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"anodize/cmd/anodize-image/internal/bootable"
)

func (c *call) listUSB() error {
	if err := c.noFlags("list-usb", 0); err != nil {
		return err
	}
	sticks, err := c.system.Sticks()
	if err != nil {
		return err
	}
	if len(sticks) == 0 {
		fmt.Fprintln(c.out, "No USB stick is plugged in.")
	}
	for _, d := range sticks {
		state := "free"
		if err := d.Refusal(); err != nil {
			state = err.Error()
		}
		fmt.Fprintf(c.out, "/dev/%s\t%s\t%s\t%s\n", d.Name, d.Capacity(), d.Sold(), state)
	}
	return nil
}

// errNo says that the person thought better of it.
var errNo = errors.New("nothing was written")

// writeUSB writes an image to a stick. The person types the stick's size first: whoever
// looks at the wrong one will notice.
func (c *call) writeUSB() error {
	if err := c.noFlags("write-usb", 2); err != nil {
		return err
	}
	image, err := os.ReadFile(c.args[0])
	if err != nil {
		return fmt.Errorf("reading the image: %w", err)
	}
	if _, _, err := bootable.Open(image); err != nil {
		return fmt.Errorf("looking into %s: %w", c.args[0], err)
	}
	d, err := c.system.Disk(c.args[1])
	if err != nil {
		return err
	}
	if err := d.Refusal(); err != nil {
		return err
	}
	size := d.Capacity()
	fmt.Fprintf(c.out, "/dev/%s is %s of %s.\nAll that is on it will be lost. Type its size to go on: ", d.Name, d.Sold(), size)
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // no answer is no
	if strings.TrimSpace(answer) != size {
		return fmt.Errorf("%w: that is not %q", errNo, size)
	}
	if err := c.system.Write(d, image); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The stick holds %s, and was read back.\n", c.args[0])
	return nil
}
