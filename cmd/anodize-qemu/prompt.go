package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const help = `insert NAME [cd-r|dvd-r|dvd+r|dvd+r-dl|bd-r]   put a disc in, a blank one the first time
eject                                          take it out
plug hsm SERIAL | unplug hsm SERIAL            an HSM, factory-fresh the first time
plug stick NAME | unplug stick                 a stick
unplug boot                                    the medium that was booted from
press KEY...                                   Enter, Esc, F1, a, A
type TEXT
picture FILE                                   keep the screen as a PNG
reset                                          as by the button
quit
`

// errQuit ends the prompt.
var errQuit = errors.New("quit")

// prompt does what is typed until the machine ends.
func prompt(ctx context.Context, m *machine, t *table, in io.Reader, out io.Writer) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-m.exited:
				return
			}
		}
	}()
	for {
		fmt.Fprintf(out, "On the table: %s. Help lists what to type.\n> ", t)
		select {
		case <-ctx.Done():
			return nil
		case <-m.exited:
			fmt.Fprintln(out, "The machine is off.")
			return nil
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			err := obey(m, t, strings.Fields(line), out)
			if errors.Is(err, errQuit) {
				return nil
			}
			if err != nil {
				fmt.Fprintln(out, err)
			}
		}
	}
}

// obey does what one line says.
func obey(m *machine, t *table, words []string, out io.Writer) error {
	if len(words) == 0 {
		return nil
	}
	line := strings.Join(words, " ")
	switch command, args := words[0], words[1:]; {
	case command == "help":
		_, err := io.WriteString(out, help)
		return err
	case command == "quit":
		return errQuit
	case command == "insert" && len(args) == 1:
		return t.insert(args[0], "bd-r")
	case command == "insert" && len(args) == 2:
		return t.insert(args[0], args[1])
	case line == "eject":
		return t.eject()
	case command == "plug" && len(args) == 2 && args[0] == "stick":
		return t.plugStick(args[1])
	case line == "unplug stick":
		return t.unplugStick()
	case line == "unplug boot":
		return m.unplug("boot")
	case len(args) == 2 && args[0] == "hsm":
		serial, err := strconv.ParseUint(args[1], 10, 32)
		switch {
		case err != nil:
			return fmt.Errorf("%q is not a serial number", args[1])
		case command == "plug":
			return t.plugHSM(uint32(serial))
		case command == "unplug":
			return t.unplugHSM(uint32(serial))
		}
	case command == "press" && len(args) > 0:
		return pressAll(m, args)
	case command == "type" && len(args) > 0:
		return pressAll(m, strings.Split(strings.Join(args, " "), ""))
	case command == "picture" && len(args) == 1:
		return m.picture(args[0])
	case line == "reset":
		return m.do("system_reset", nil)
	}
	return fmt.Errorf("%q: help lists what to type", line)
}

func pressAll(m *machine, keys []string) error {
	for _, key := range keys {
		if err := m.press(key); err != nil {
			return err
		}
	}
	return nil
}

// watch keeps the screen as a picture, while nobody sees the machine.
func watch(ctx context.Context, m *machine, dir string) {
	for {
		if err := m.picture(filepath.Join(dir, "screen.png")); err != nil {
			fmt.Fprintf(os.Stderr, "keeping the screen: %v\n", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-m.exited:
			return
		case <-time.After(2 * time.Second):
		}
	}
}
