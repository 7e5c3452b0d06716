// Package qmp speaks QEMU's machine protocol.
//
// It guarantees that a command gets its own answer, whatever events come in between,
// and that nobody waits for a QEMU that does not answer longer than patience.
//
// Source: QEMU's docs/interop/qmp-spec.txt.
package qmp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// patience is how long an answer may take.
const patience = 3 * time.Minute

// Client is a connection: one JSON object a line, answers in the order of the commands,
// events in between. Its methods may be called from several goroutines.
type Client struct {
	conn net.Conn
	in   *bufio.Reader

	mu      sync.Mutex
	deleted map[string]bool // the ids of DEVICE_DELETED events
}

// message is an answer or an event.
type message struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
	Data  struct {
		Device string `json:"device"`
	} `json:"data"`
}

// New reads the greeting and leaves the negotiation of capabilities.
func New(conn net.Conn) (*Client, error) {
	q := &Client{conn: conn, in: bufio.NewReader(conn), deleted: map[string]bool{}}
	if _, err := q.in.ReadBytes('\n'); err != nil {
		return nil, fmt.Errorf("reading QEMU's greeting: %w", err)
	}
	_, err := q.Execute("qmp_capabilities", nil)
	return q, err
}

// Execute sends a command and returns its answer.
func (q *Client) Execute(command string, arguments any) (json.RawMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.conn.SetDeadline(time.Now().Add(patience)) // a connection that is gone says so below
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(q.conn).Encode(request); err != nil {
		return nil, fmt.Errorf("sending %s to QEMU: %w", command, err)
	}
	for {
		m, err := q.read()
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading QEMU's answer to %s: %w", command, err)
		case m.Error != nil:
			return nil, fmt.Errorf("QEMU refused %s: %s: %s", command, m.Error.Class, m.Error.Desc)
		case m.Return != nil:
			return m.Return, nil
		}
	}
}

// read reads one message and notes what it says about devices.
func (q *Client) read() (*message, error) {
	line, err := q.in.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	m := new(message)
	if err := json.Unmarshal(line, m); err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	if m.Event == "DEVICE_DELETED" {
		q.deleted[m.Data.Device] = true
	}
	return m, nil
}

// WaitDeleted returns when QEMU has said that the device with this id is gone.
func (q *Client) WaitDeleted(id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	_ = q.conn.SetDeadline(time.Now().Add(patience))
	for !q.deleted[id] {
		m, err := q.read()
		if err != nil {
			return fmt.Errorf("waiting for device %s to go: %w", id, err)
		}
		if m.Event == "" {
			return errors.New("QEMU answered without having been asked")
		}
	}
	delete(q.deleted, id)
	return nil
}
