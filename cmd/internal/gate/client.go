package gate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Client is the kiosk's side. Its methods may be called from several goroutines.
// Their errors are the sentinel's, or wrap ErrProtocol for ever after the
// conversation broke off.
type Client struct {
	mu     sync.Mutex
	in     *bufio.Reader
	out    io.Writer
	broken error
}

// NewClient speaks over the two pipes.
func NewClient(answers io.Reader, requests io.Writer) *Client {
	return &Client{in: bufio.NewReaderSize(answers, maxAnswer), out: requests}
}

// Look returns what the machine says of itself.
func (c *Client) Look() (Environment, error) {
	text, err := c.ask(look{})
	if err != nil {
		return Environment{}, err
	}
	return decodeEnvironment(text)
}

// MountStick mounts a place that may be the stick, and returns its folder.
func (c *Client) MountStick(name string, writable bool) (string, error) {
	return c.ask(mountStick{name, writable})
}

// UnmountStick unmounts it.
func (c *Client) UnmountStick() error { return c.tell(unmountStick{}) }

// SetClock sets both clocks of the machine.
func (c *Client) SetClock(t time.Time) error { return c.tell(setClock{t}) }

// PowerOff switches the machine off. This program is ended soon after.
func (c *Client) PowerOff() error { return c.tell(powerOff{}) }

// Reboot starts the machine again. This program is ended soon after.
func (c *Client) Reboot() error { return c.tell(reboot{}) }

func (c *Client) tell(r request) error {
	_, err := c.ask(r)
	return err
}

func (c *Client) ask(r request) (string, error) {
	line := r.line()
	if _, err := parseRequest(line); err != nil {
		return "", fmt.Errorf("asking the sentinel: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return "", c.broken
	}
	text, err := c.exchange(line)
	if err != nil && !errors.As(err, new(*failure)) {
		c.broken = fmt.Errorf("asking the sentinel: %w", err)
		return "", c.broken
	}
	return text, err
}

func (c *Client) exchange(line string) (string, error) {
	if _, err := io.WriteString(c.out, line+"\n"); err != nil {
		return "", fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	answer, err := readLine(c.in)
	if err != nil && !errors.Is(err, ErrProtocol) {
		err = fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if err != nil {
		return "", err
	}
	return parseAnswer(answer)
}
