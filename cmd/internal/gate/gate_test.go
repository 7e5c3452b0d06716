package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"anodize/devices/machine"
)

// keeper writes down what it is asked for.
type keeper struct {
	calls []string
	env   Environment
	fail  error
}

func (k *keeper) call(format string, args ...any) error {
	k.calls = append(k.calls, fmt.Sprintf(format, args...))
	return k.fail
}

func (k *keeper) Look() Environment { return k.env }
func (k *keeper) MountStick(name string, writable bool) (string, error) {
	return "/run/anodize/stick/" + name, k.call("mount %s %t", name, writable)
}
func (k *keeper) UnmountStick() error        { return k.call("unmount") }
func (k *keeper) SetClock(t time.Time) error { return k.call("clock %d", t.UnixNano()) }
func (k *keeper) PowerOff() error            { return k.call("off") }
func (k *keeper) Reboot() error              { return k.call("reboot") }

// converse joins a client to a keeper. end closes the client's end, and returns how
// Serve ended.
func converse(k Keeper) (c *Client, end func() error) {
	requests, ask := io.Pipe()
	hear, answers := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := Serve(requests, answers, k)
		answers.Close()
		requests.Close()
		served <- err
	}()
	return NewClient(hear, ask), func() error {
		ask.Close()
		return <-served
	}
}

func TestEverythingThatCanBeAskedForIsDone(t *testing.T) {
	k := &keeper{env: Environment{
		By: "sentinel", Crash: "a\nb", Warning: "“é” <>", Claims: []machine.Fact{{Name: "PCR 4", Value: "ab"}},
		Sections: []machine.Section{{Title: "Machine", Facts: []machine.Fact{{Name: "Model", Value: "x"}}}},
	}}
	c, end := converse(k)
	at := time.Date(2026, 4, 25, 14, 31, 22, 500, time.FixedZone("CEST", 7200))
	if folder, err := c.MountStick("sda1", true); err != nil || folder != "/run/anodize/stick/sda1" {
		t.Errorf("%q, %v", folder, err)
	}
	if e, err := c.Look(); err != nil || !reflect.DeepEqual(e, k.env) {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := c.MountStick("sdb", false); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.UnmountStick(), c.SetClock(at), c.PowerOff(), c.Reboot(), end()); err != nil {
		t.Error(err)
	}
	want := []string{"mount sda1 true", "mount sdb false", "unmount", fmt.Sprintf("clock %d", at.UnixNano()), "off", "reboot"}
	if !slices.Equal(k.calls, want) {
		t.Errorf("%q", k.calls)
	}
}

func TestAFailureKeepsItsWordsAndTheKernelsNumber(t *testing.T) {
	k := &keeper{fail: fmt.Errorf("mounting \"it\"\n: %w", syscall.EROFS)}
	c, end := converse(k)
	_, err := c.MountStick("sda1", true)
	if !errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EIO) || err.Error() != k.fail.Error() || errors.Is(err, ErrProtocol) {
		t.Errorf("%v", err)
	}
	k.fail = errors.New("no number")
	if err := c.UnmountStick(); err == nil || errors.Is(err, syscall.Errno(0)) || err.Error() != "no number" {
		t.Errorf("%v", err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoRequestEndsTheConversation(t *testing.T) {
	for _, line := range []string{
		"", "look ", " look", "Look", "look\r", "look x", "mount-stick", "mount-stick sda1", "mount-stick sda1 wr", "mount-stick ../sda ro",
		"mount-stick sda1  ro", "mount-stick sda1 ro ", "mount-stick /dev/sda ro", "mount-stick SDA ro", "unmount-stick sda1", "set-clock",
		"set-clock now", "set-clock 2026-04-25T14:31:22+02:00", "set-clock 2026-04-25T14:31:22.500Z", "power-off now", "reboot\x00", "exec sh",
		strings.Repeat("a", 200),
	} {
		k := &keeper{}
		var answers bytes.Buffer
		err := Serve(strings.NewReader("unmount-stick\n"+line+"\npower-off\n"), &answers, k)
		if !errors.Is(err, ErrProtocol) || !slices.Equal(k.calls, []string{"unmount"}) || answers.String() != "ok \"\"\n" {
			t.Errorf("%q: %v, %q, %q", line, err, k.calls, answers.String())
		}
	}
	if err := Serve(strings.NewReader("power-off"), io.Discard, &keeper{}); !errors.Is(err, ErrProtocol) {
		t.Errorf("a line that ends in its middle: %v", err)
	}
}

func TestTheClientSendsNoLineThatIsNoRequest(t *testing.T) {
	k := &keeper{}
	c, end := converse(k)
	if _, err := c.MountStick("sda1 rw\npower-off", false); !errors.Is(err, ErrProtocol) {
		t.Errorf("%v", err)
	}
	if err := c.UnmountStick(); err != nil { // that was its own fault, and broke nothing
		t.Error(err)
	}
	if err := end(); err != nil || !slices.Equal(k.calls, []string{"unmount"}) {
		t.Errorf("%v, %q", err, k.calls)
	}
}

func TestAnAnswerThatIsNoneBreaksTheConversationForEver(t *testing.T) {
	for _, answer := range []string{"", "ok\n", "ok x\n", "ok `x`\n", "ok 'x'\n", "failed\n", "failed \"x\"\n", "failed -1 \"x\"\n", "failed 99999 \"x\"\n", "yes \"\"\n", "ok \"\"", "5 \"x\"\n"} {
		c := NewClient(strings.NewReader(answer+"ok \"\"\n"), io.Discard)
		if answer == "ok \"\"" || answer == "" {
			c = NewClient(strings.NewReader(answer), io.Discard)
		}
		if err := c.UnmountStick(); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q: %v", answer, err)
		}
		if err := c.UnmountStick(); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q, the next one: %v", answer, err)
		}
	}
}

func TestNoAnswerIsLongerThanTheKioskReads(t *testing.T) {
	k := &keeper{env: Environment{Warning: strings.Repeat("é", maxAnswer)}}
	c, end := converse(k)
	if _, err := c.Look(); err == nil || errors.Is(err, ErrProtocol) {
		t.Errorf("%v", err)
	}
	k.env = Environment{Warning: strings.Repeat("x", maxAnswer/2)}
	if e, err := c.Look(); err != nil || len(e.Warning) != maxAnswer/2 {
		t.Errorf("%d, %v", len(e.Warning), err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, r := range []request{look{}, mountStick{"sda1", true}, unmountStick{}, setClock{time.Unix(1_777_000_000, 5)}, powerOff{}, reboot{}} {
		f.Add(r.line())
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseRequest(line)
		if err == nil && r.line() != line {
			t.Errorf("%q is taken for %q", line, r.line())
		}
		if err != nil && !errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add("ok \"{}\"")
	f.Add("failed 30 \"x\"")
	f.Add(strings.TrimSuffix(string(encodeAnswer("", io.EOF)), "\n"))
	f.Fuzz(func(t *testing.T, line string) {
		text, err := parseAnswer(line)
		if fail := new(*failure); err != nil && !errors.As(err, fail) && !errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
		if _, err := decodeEnvironment(text); err != nil && !errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
	})
}

func FuzzTextSurvives(f *testing.F) {
	f.Add("a\n\"é\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		line := strings.TrimSuffix(string(encodeAnswer(text, nil)), "\n")
		if got, err := parseAnswer(line); err != nil || got != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	})
}
