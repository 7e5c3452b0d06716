package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"anodize/devices/block"
)

// listUSB lists the places that the kiosk would look at, and what is on them.
func (m machine) listUSB() error {
	all, err := block.Find(m.root)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(m.out, "No disk that can be pulled out is there.")
		return err
	}
	w := tabwriter.NewWriter(m.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tSIZE\tDISK\tSERIAL\tFORMAT\tLABEL\tUSED")
	for _, l := range all {
		d, err := l.Describe()
		if err != nil {
			d.Format = "not read: " + err.Error()
		}
		used, err := l.Uses()
		if err != nil {
			used = []string{"not known: " + err.Error()}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Node, block.Capacity(d.Size), orDash(d.Sold()),
			orDash(d.Serial), d.Format, orDash(d.Label), orDash(strings.Join(used, ", ")))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
