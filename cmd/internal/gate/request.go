package gate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// ErrProtocol says that the other side does not keep to the conversation.
var ErrProtocol = errors.New("the conversation between kiosk and sentinel broke off")

// maxRequest and maxAnswer bound a line, in bytes, its line feed included.
const (
	maxRequest = 128
	maxAnswer  = 1 << 20
)

// request is one of the types below.
type request interface {
	// line is the request as it is sent, without its line feed.
	line() string
	// do has it done, and returns the answer's text.
	do(Keeper) (string, error)
}

type (
	look       struct{}
	mountStick struct {
		name     string
		writable bool
	}
	unmountStick struct{}
	setClock     struct{ to time.Time }
	powerOff     struct{}
	reboot       struct{}
)

func (look) line() string { return "look" }

func (r mountStick) line() string {
	how := "ro"
	if r.writable {
		how = "rw"
	}
	return "mount-stick " + r.name + " " + how
}

func (unmountStick) line() string { return "unmount-stick" }
func (r setClock) line() string   { return "set-clock " + r.to.UTC().Format(time.RFC3339Nano) }
func (powerOff) line() string     { return "power-off" }
func (reboot) line() string       { return "reboot" }

// names are those of disks and partitions.
var names = regexp.MustCompile(`^[a-z][a-z0-9]{1,31}$`)

// parseRequest reads a request that is written as its line is, and in no other way.
func parseRequest(line string) (request, error) {
	verb, rest, _ := strings.Cut(line, " ")
	var r request
	switch verb {
	case "look":
		r = look{}
	case "mount-stick":
		name, how, _ := strings.Cut(rest, " ")
		if names.MatchString(name) {
			r = mountStick{name, how == "rw"}
		}
	case "unmount-stick":
		r = unmountStick{}
	case "set-clock":
		if t, err := time.Parse(time.RFC3339Nano, rest); err == nil {
			r = setClock{t}
		}
	case "power-off":
		r = powerOff{}
	case "reboot":
		r = reboot{}
	}
	if r == nil || r.line() != line {
		return nil, fmt.Errorf("%w: %.60q is no request", ErrProtocol, line)
	}
	return r, nil
}

// readLine reads a line that fits into the reader's buffer, without its line feed.
// The end of what can be read is io.EOF only where no line has begun.
func readLine(r *bufio.Reader) (string, error) {
	b, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("%w: a line is longer than %d bytes", ErrProtocol, r.Size())
	case errors.Is(err, io.EOF) && len(b) > 0:
		return "", fmt.Errorf("%w: a line ends in its middle", ErrProtocol)
	case err != nil:
		return "", err
	}
	return string(b[:len(b)-1]), nil
}
