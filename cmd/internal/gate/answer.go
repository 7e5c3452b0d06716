package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"anodize/devices/machine"
)

// Environment is what the sentinel knows of the machine.
type Environment struct {
	By       string            `json:"by"`       // the sentinel's version
	Sections []machine.Section `json:"sections"` // for people
	Claims   []machine.Fact    `json:"claims"`   // for the log
	Crash    string            `json:"crash"`    // how the kiosk before this one ended; empty if there was none
	Warning  string            `json:"warning"`  // what people should see to; may be empty
}

// encode is e as the text of an answer.
func (e Environment) encode() (string, error) {
	b, err := json.Marshal(e)
	return string(b), err
}

// decodeEnvironment reads what encode wrote.
func decodeEnvironment(text string) (e Environment, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Environment{}, fmt.Errorf("%w: what the machine says of itself: %w", ErrProtocol, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Environment{}, fmt.Errorf("%w: there is more than what the machine says of itself", ErrProtocol)
	}
	return e, nil
}

// failure is an error of the sentinel's as the kiosk has it: its words and, if the
// kernel failed, its number.
type failure struct {
	text  string
	errno syscall.Errno // 0: none
}

func (f *failure) Error() string { return f.text }

// Is makes errors.Is find the kernel's number.
func (f *failure) Is(target error) bool {
	errno, ok := target.(syscall.Errno)
	return ok && f.errno != 0 && errno == f.errno
}

// encodeAnswer is an answer's line, with its line feed. A text that would make it too
// long is a failure instead.
func encodeAnswer(text string, err error) []byte {
	var b bytes.Buffer
	if err == nil {
		b.WriteString("ok " + strconv.QuoteToASCII(text))
	} else {
		var errno syscall.Errno
		errors.As(err, &errno)
		fmt.Fprintf(&b, "failed %d %s", uint(errno), strconv.QuoteToASCII(err.Error()))
	}
	if b.Len() >= maxAnswer {
		return encodeAnswer("", errors.New("the sentinel's answer is too long"))
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// parseAnswer reads an answer's line. What the sentinel failed at is a *failure;
// another error wraps ErrProtocol.
func parseAnswer(line string) (string, error) {
	if quoted, ok := strings.CutPrefix(line, "ok "); ok {
		return unquote(quoted)
	}
	number, quoted, _ := strings.Cut(strings.TrimPrefix(line, "failed "), " ")
	errno, err := strconv.ParseUint(number, 10, 12)
	if err != nil || !strings.HasPrefix(line, "failed ") {
		return "", fmt.Errorf("%w: %.60q is no answer", ErrProtocol, line)
	}
	text, err := unquote(quoted)
	if err != nil {
		return "", err
	}
	return "", &failure{text, syscall.Errno(errno)}
}

func unquote(quoted string) (string, error) {
	text, err := strconv.Unquote(quoted)
	if err != nil || !strings.HasPrefix(quoted, `"`) {
		return "", fmt.Errorf("%w: %.60q is no text in quotation marks", ErrProtocol, quoted)
	}
	return text, nil
}
