package gate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"
)

// Keeper does what the kiosk asks for.
type Keeper interface {
	Look() Environment
	MountStick(name string, writable bool) (folder string, err error)
	UnmountStick() error
	SetClock(time.Time) error
	PowerOff() error
	Reboot() error
}

// Serve has a keeper do what is asked, one thing after the other, until the kiosk
// closes its end (nil), or asks for what it must not (an error that wraps
// ErrProtocol).
func Serve(requests io.Reader, answers io.Writer, k Keeper) error {
	in := bufio.NewReaderSize(requests, maxRequest)
	for {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := parseRequest(line)
		if err != nil {
			return err
		}
		if _, err := answers.Write(encodeAnswer(r.do(k))); err != nil {
			return fmt.Errorf("answering the kiosk: %w", err)
		}
	}
}

func (look) do(k Keeper) (string, error) { return k.Look().encode() }

func (r mountStick) do(k Keeper) (string, error) { return k.MountStick(r.name, r.writable) }

func (unmountStick) do(k Keeper) (string, error) { return "", k.UnmountStick() }
func (r setClock) do(k Keeper) (string, error)   { return "", k.SetClock(r.to) }
func (powerOff) do(k Keeper) (string, error)     { return "", k.PowerOff() }
func (reboot) do(k Keeper) (string, error)       { return "", k.Reboot() }
