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
		fmt.Fprintf(c.out, "/dev/%s\t%.1f GB\t%s\t%s\n", d.Name, float64(d.Size)/1e9, d.Model, state)
	}
	return nil
}

// errNo says that the person thought better of it.
var errNo = errors.New("nothing was written")

// writeUSB writes an image to a stick. The person types the disk's name once more: a
// single key is pressed too easily.
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
	fmt.Fprintf(c.out, "All that is on /dev/%s (%s, %.1f GB) will be lost. Type %s to write %s to it: ",
		d.Name, d.Model, float64(d.Size)/1e9, d.Name, c.args[0])
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // no answer is no
	if strings.TrimSpace(answer) != d.Name {
		return errNo
	}
	if err := c.system.Write(d.Name, image); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The stick holds %s, and was read back.\n", c.args[0])
	return nil
}
