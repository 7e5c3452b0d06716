package main

import (
	"errors"
	"fmt"
	"strings"

	"anodize/devices/block"
)

// What people are told where the ceremony would have to guess.

// unreadable are the sticks that cannot be read, of all that was refused.
func unreadable(refused []error) []*block.UnreadableError {
	var all []*block.UnreadableError
	for _, err := range refused {
		if e, ok := errors.AsType[*block.UnreadableError](err); ok {
			all = append(all, e)
		}
	}
	return all
}

// severalSticks tells sticks apart by what stands on them, and says of each whether it
// can be read if that is not true of all.
func severalSticks(sticks []*block.Stick, broken []*block.UnreadableError) error {
	var all []known
	for _, s := range sticks {
		all = append(all, known{s.Location().Title, s.Location().Name})
	}
	for _, b := range broken {
		all = append(all, known{b.At.Title, b.At.Name})
	}
	names := distinct(all)
	if len(broken) == 0 {
		return fmt.Errorf("%d sticks are plugged in, %s: leave one in", len(names), listed(names))
	}
	var cannot []string
	for i, b := range broken {
		cannot = append(cannot, fmt.Sprintf("%s cannot: %v", names[len(sticks)+i], b.Err))
	}
	return fmt.Errorf("%d sticks are plugged in: leave one in. %s can be read; %s", len(names), listed(names[:len(sticks)]), strings.Join(cannot, "; "))
}

// severalDrives tells drives with discs apart.
func severalDrives(loaded []drive) error {
	var all []known
	for _, d := range loaded {
		all = append(all, known{d.at.Title, d.at.Name})
	}
	return fmt.Errorf("there are discs in %d drives, %s: take out all but one", len(loaded), listed(distinct(all)))
}

// known is what people know a device by, and the kernel's name of it.
type known struct{ title, name string }

// distinct are the devices' titles. Where two have the same one, the kernel's name tells
// them apart.
func distinct(all []known) []string {
	count := map[string]int{}
	for _, k := range all {
		count[k.title]++
	}
	var names []string
	for _, k := range all {
		if count[k.title] > 1 {
			k.title += " at " + k.name
		}
		names = append(names, k.title)
	}
	return names
}

// listed is "a", "a and b", "a; b and c".
func listed(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], "; ") + " and " + names[last]
}
