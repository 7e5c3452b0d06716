package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"time"

	"anodize/cmd/anodize-image/internal/authenticode"
	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/anodize-image/internal/pgpwords"
)

func (c *call) show() error {
	if err := c.noFlags("show", 1); err != nil {
		return err
	}
	image, err := os.ReadFile(c.args[0])
	if err != nil {
		return fmt.Errorf("reading the image: %w", err)
	}
	return c.describe(c.args[0], image)
}

// contents are the files inside an image, down to the programs.
func contents(image []byte) (bootable.Disc, []bootable.Part, error) {
	disc, files, err := bootable.Open(image)
	if err != nil {
		return disc, nil, err
	}
	var parts []bootable.Part
	for _, f := range files {
		parts = append(parts, f)
		if f.Path != bootable.Kernel {
			continue
		}
		inside, err := bootable.Unpack(f.Data)
		if err != nil {
			return disc, nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		for _, p := range inside {
			parts = append(parts, bootable.Part{Path: f.Path + ":" + p.Path, Data: p.Data})
		}
	}
	return disc, parts, nil
}

// describe tells what an image is, and what people compare: its hash in hex and in
// words, and the one by which firmware and TPM know its kernel.
func (c *call) describe(name string, image []byte) error {
	disc, parts, err := contents(image)
	if err != nil {
		return fmt.Errorf("looking into %s: %w", name, err)
	}
	fmt.Fprintf(c.out, "%s\n  label %s, from %s of %s\n  %d bytes, %.1f of %d MiB\n",
		name, disc.Label, strings.ToLower(disc.Source), disc.Time.Format(time.DateTime), len(image), float64(len(image))/(1<<20), bootable.MaxSize>>20)
	for _, p := range parts {
		fmt.Fprintf(c.out, "  %10d  %x  %s\n", len(p.Data), sha256.Sum256(p.Data), p.Path)
	}
	sum := sha256.Sum256(image)
	fmt.Fprintf(c.out, "SHA-256 of the image\n  %x\n", sum)
	words := pgpwords.Encode(sum[:])
	for i := 0; i < len(words); i += 8 {
		fmt.Fprintf(c.out, "  %s\n", strings.Join(words[i:i+8], " "))
	}
	for _, p := range parts {
		if p.Path != bootable.Kernel {
			continue
		}
		hash, err := authenticode.Sum(p.Data)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", p.Path, name, err)
		}
		signed, err := authenticode.Signed(p.Data)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", p.Path, name, err)
		}
		fmt.Fprintf(c.out, "Authenticode SHA-256 of %s, which the TPM's log of PCR 4 shows\n  %x\n", p.Path, hash)
		if signed {
			fmt.Fprintln(c.out, "  It carries a Secure Boot signature. What is published is the hash of the image without one.")
		}
	}
	return nil
}
