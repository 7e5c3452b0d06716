package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anodize/cmd/anodize-image/internal/bootable"
)

// sign makes a copy of an image whose kernel carries a signature for Secure Boot.
// sbsign writes the time into it: two copies differ, and are the same image signed.
func (c *call) sign() error {
	fs := flag.NewFlagSet("sign", flag.ContinueOnError)
	key := fs.String("key", "", "")
	certificate := fs.String("cert", "", "")
	if err := c.parse(fs, 1); err != nil {
		return err
	}
	if *key == "" || *certificate == "" {
		return fmt.Errorf("%w: give a key and its certificate, both PEM", errUsage)
	}
	image, err := os.ReadFile(c.args[0])
	if err != nil {
		return fmt.Errorf("reading the image: %w", err)
	}
	disc, files, err := bootable.Open(image)
	if err != nil {
		return fmt.Errorf("looking into %s: %w", c.args[0], err)
	}
	if len(files) != 1 || files[0].Path != bootable.Kernel {
		return fmt.Errorf("%s is not an image of ours: its EFI system partition holds more than %s", c.args[0], bootable.Kernel)
	}
	signed, err := c.sbsign(files[0].Data, *key, *certificate)
	if err != nil {
		return err
	}
	if image, err = bootable.Assemble(disc, signed); err != nil {
		return err
	}
	name := strings.TrimSuffix(c.args[0], ".iso") + "-signed.iso"
	if err := os.WriteFile(name, image, 0o644); err != nil {
		return fmt.Errorf("writing the signed image: %w", err)
	}
	return c.describe(name, image)
}

// sbsign signs a program. It asks on the terminal for the key's passphrase, if any.
func (c *call) sbsign(program []byte, key, certificate string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "anodize-sign-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for signing: %w", err)
	}
	defer os.RemoveAll(dir)
	from, to := filepath.Join(dir, "unsigned.efi"), filepath.Join(dir, "signed.efi")
	if err := os.WriteFile(from, program, 0o600); err != nil {
		return nil, fmt.Errorf("writing the kernel for signing: %w", err)
	}
	cmd := exec.Command("sbsign", "--key", key, "--cert", certificate, "--output", to, from)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.in, c.log, c.log
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("signing the kernel with sbsign (Debian: sbsigntool): %w", err)
	}
	return os.ReadFile(to)
}
