package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"anodize/cmd/anodize-image/internal/authenticode"
	"anodize/cmd/anodize-image/internal/bootable"
)

// errDiffers says that an image is not what the tree gives.
var errDiffers = errors.New("the image is not what this tree gives")

func (c *call) verify() error {
	if err := c.noFlags("verify", 1); err != nil {
		return err
	}
	given, err := os.ReadFile(c.args[0])
	if err != nil {
		return fmt.Errorf("reading the image: %w", err)
	}
	said, _, err := bootable.Open(given)
	if err != nil {
		return fmt.Errorf("looking into %s: %w", c.args[0], err)
	}
	mode := "production"
	if strings.HasPrefix(said.Label, "ANODIZE_DEV") {
		mode = "dev"
	}
	loose := mode == "dev" || strings.HasSuffix(said.Label, "_DIRTY")
	if err := c.sameCommit(said, mode, loose); err != nil {
		return err
	}
	built, at, err := c.image(mode, loose)
	if err != nil {
		return err
	}
	differences, err := compare(given, built)
	if err != nil {
		return err
	}
	if differences != nil {
		return fmt.Errorf("%w:\n  %s", errDiffers, strings.Join(differences, "\n  "))
	}
	fmt.Fprintf(c.out, "%s is what commit %s gives.\n", c.args[0], at.name())
	return nil
}

// sameCommit checks that an image says that it was built from what the tree stands at:
// of another commit every program differs.
func (c *call) sameCommit(said bootable.Disc, mode string, loose bool) error {
	tree, err := c.tree()
	if err != nil {
		return err
	}
	at, err := readCommit(tree)
	if err != nil {
		return err
	}
	if want := disc(mode, at.marked(mode, loose)).Source; said.Source != want {
		return fmt.Errorf("%w: it says that it was built from %s, and the tree stands at %s; check that commit out",
			errDiffers, strings.ToLower(said.Source), strings.ToLower(want))
	}
	return nil
}

// compare names what differs between an image and the one that was built. Of a
// signed image it compares all but the signature, and what the signature moves.
func compare(given, built []byte) ([]string, error) {
	if bytes.Equal(given, built) {
		return nil, nil
	}
	a, here, err := contents(given)
	if err != nil {
		return nil, fmt.Errorf("looking into the image: %w", err)
	}
	b, there, err := contents(built)
	if err != nil {
		return nil, fmt.Errorf("looking into what was built: %w", err)
	}
	var differences []string
	if a != b {
		differences = append(differences, fmt.Sprintf("the disc says %v, not %v", a, b))
	}
	signed := false
	want := map[string][]byte{}
	for _, p := range there {
		want[p.Path] = p.Data
	}
	for _, p := range here {
		data, known := want[p.Path]
		delete(want, p.Path)
		switch {
		case !known:
			differences = append(differences, p.Path+" is in the image and in nothing that this tree gives")
		case p.Path == bootable.Kernel && !bytes.Equal(p.Data, data):
			if signed = sameButSigned(p.Data, data); !signed {
				differences = append(differences, p.Path+" differs, the kernel's file")
			}
		case !bytes.Equal(p.Data, data):
			differences = append(differences, fmt.Sprintf("%s differs: %d bytes, not %d", p.Path, len(p.Data), len(data)))
		}
	}
	for path := range want {
		differences = append(differences, path+" is missing")
	}
	if differences != nil {
		return differences, nil
	}
	return around(a, here, given, signed)
}

// sameButSigned says whether a kernel is another one with a signature. What is no
// program for UEFI carries none.
func sameButSigned(given, built []byte) bool {
	signed, err := authenticode.Signed(given)
	if err != nil || !signed {
		return false
	}
	a, errA := authenticode.Sum(given)
	b, errB := authenticode.Sum(built)
	return errA == nil && errB == nil && a == b
}

// around compares what lies around the files: an image with the same files is made
// again. Only a signature explains that it is not the one that was built.
func around(disc bootable.Disc, parts []bootable.Part, given []byte, signed bool) ([]string, error) {
	for _, p := range parts {
		if p.Path != bootable.Kernel || !signed {
			continue
		}
		again, err := bootable.Assemble(disc, p.Data)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(again, given) {
			return nil, nil
		}
	}
	return []string{"the files are the same; what lies around them on the disc differs"}, nil
}
