package main

import (
	"fmt"
	"path/filepath"
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
	fmt.Fprintln(w, "DEVICE\tSIZE\tDISK\tSERIAL\tFORMAT\tLABEL\tMOUNTED")
	for _, l := range all {
		d, err := l.Describe()
		if err != nil {
			d.Format = "not read: " + err.Error()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Node, bytesOf(d.Size), orDash(strings.TrimSpace(d.Maker+" "+d.Model)),
			orDash(d.Serial), d.Format, orDash(d.Label), orDash(strings.Join(m.mountedAt(l.Node), ", ")))
	}
	return w.Flush()
}

// mountedAt lists where a device, or a part of it, is mounted.
func (m machine) mountedAt(node string) []string {
	var at []string
	base := filepath.Base(node)
	for _, mount := range mounts(m.root) {
		if from := filepath.Base(mount.source); strings.HasPrefix(mount.source, "/dev/") && strings.HasPrefix(from, base) {
			at = append(at, mount.at)
		}
	}
	return at
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// bytesOf writes a size as disks are sold.
func bytesOf(n int64) string {
	switch {
	case n >= 10e9:
		return fmt.Sprintf("%d GB", n/1e9)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}
