package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
)

// kiosk is the program that runs enclosed.
type kiosk struct {
	pid      int
	requests *os.File // this process reads
	answers  *os.File // this process writes
	said     chan string
}

// start starts a program enclosed. The environment keeps a panic from printing more
// than its message.
func start(program string, args []string) (_ *kiosk, err error) {
	var ours, theirs []*os.File
	defer func() {
		for _, f := range theirs {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			for _, f := range ours {
				_ = f.Close() // nothing was written
			}
		}
	}()
	requests, ask, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the kiosk: %w", err)
	}
	ours, theirs = append(ours, requests), append(theirs, ask)
	hear, answers, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the kiosk: %w", err)
	}
	ours, theirs = append(ours, answers), append(theirs, hear)
	words, stderr, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the kiosk: %w", err)
	}
	ours, theirs = append(ours, words), append(theirs, stderr)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("starting the kiosk: %w", err)
	}
	theirs = append(theirs, null)
	// By number: standard input, output and error, then gate.RequestsFD and AnswersFD.
	files := []uintptr{null.Fd(), stderr.Fd(), stderr.Fd(), ask.Fd(), hear.Fd()}
	pid, err := syscall.ForkExec("/proc/self/exe", append([]string{"kiosk", encloseName, program}, args...), &syscall.ProcAttr{
		Dir: "/", Env: []string{"GOTRACEBACK=none"}, Files: files, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("starting the kiosk: %w", err)
	}
	k := &kiosk{pid: pid, requests: requests, answers: answers, said: make(chan string, 1)}
	go func() {
		k.said <- firstLine(words)
		_ = words.Close() // it was read to its end
	}()
	return k, nil
}

// serve does what the kiosk asks for until it is gone. One that asks for what it must
// not is ended.
func (k *kiosk) serve(keeper gate.Keeper) error {
	err := gate.Serve(k.requests, k.answers, keeper)
	if err != nil {
		k.kill()
	}
	return errors.Join(err, k.requests.Close(), k.answers.Close())
}

// kill ends the kiosk, if it has not ended.
func (k *kiosk) kill() {
	_ = unix.Kill(k.pid, unix.SIGKILL) // ESRCH is as good
}

// wait returns when the kiosk has ended and everything that it left behind was
// reaped. It is the only place that waits for processes.
func (k *kiosk) wait() (unix.WaitStatus, string) {
	var status unix.WaitStatus
	for reap(&status) != k.pid {
	}
	reapAll()
	return status, <-k.said
}

// reap waits for any process that ended; -1 if there is none to wait for.
func reap(status *unix.WaitStatus) int {
	for {
		pid, err := unix.Wait4(-1, status, 0, nil)
		if !errors.Is(err, unix.EINTR) {
			return pid
		}
	}
}

// reapAll ends and reaps all processes but this one, which must be the first.
func reapAll() {
	if os.Getpid() != 1 {
		return // the others are not this program's to end
	}
	_ = unix.Kill(-1, unix.SIGKILL) // ESRCH: there is none
	var status unix.WaitStatus
	for reap(&status) > 0 {
	}
}

// maxSaid bounds what is kept of a kiosk's last words, in bytes.
const maxSaid = 240

// firstLine reads to the end, and returns the first line that is not empty, as
// printable text. What comes after it could hold anything.
func firstLine(r io.Reader) string {
	in := bufio.NewReaderSize(r, 4096)
	said := ""
	for {
		line, err := in.ReadSlice('\n')
		if text := strings.TrimSpace(string(line)); said == "" {
			said = text[:min(len(text), maxSaid)]
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			quoted := strconv.Quote(strings.ToValidUTF8(said, "?"))
			return quoted[1 : len(quoted)-1]
		}
	}
}

// ending says how a kiosk ended.
func ending(status unix.WaitStatus, said string) string {
	how := fmt.Sprintf("exit status %d", status.ExitStatus())
	if status.Signaled() {
		how = "signal " + unix.SignalName(status.Signal())
	}
	if said != "" {
		how += ": " + said
	}
	return how
}
