// Package hsmhttp shows a simulated YubiHSM 2 over HTTP on the loopback
// interface, with the face of Yubico's connector, so that tests can hold the
// simulator against clients that are not ours. It is for tests alone: nothing
// that is built imports it.
//
// It guarantees that a message goes to the device once and that what the device
// answers comes back unchanged. It listens on 127.0.0.1 and nowhere else.
//
// The face is that of yubihsm-connector (github.com/Yubico/yubihsm-connector,
// api.go):
//
//   - GET /connector/status: six lines of NAME=VALUE, in this order: status (OK or
//     NO_DEVICE), serial, version, pid, address, port.
//   - POST /connector/api: one message of the device's protocol, command(1) ‖
//     length(2, big endian) ‖ data, answered by one, both as they are.
//
// A message of a wrong size is answered 400, another method 405, and a message
// that the device did not answer 500.
package hsmhttp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"anodize/devices/sim"
)

// version is what the connector says of itself; clients read three numbers.
const version = "3.0.0"

// Sizes of a message. The connector lets a few bytes more through than a device
// takes, so that the device itself can refuse them.
const (
	minMessage = 3
	maxMessage = 3136 + 3
)

// Server is a connector with one device.
type Server struct {
	device   *sim.HSM
	listener net.Listener
	http     *http.Server
	done     chan error
}

// Listen starts a connector for the device on a free port of 127.0.0.1.
func Listen(device *sim.HSM) (*Server, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulated connector: %w", err)
	}
	s := &Server{device: device, listener: listener, done: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/connector/status", only(http.MethodGet, s.status))
	mux.HandleFunc("/connector/api", only(http.MethodPost, s.message))
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// Addr is where it listens: "127.0.0.1:40001".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends it, and every exchange under way.
func (s *Server) Close() error {
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func only(method string, handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			fail(w, http.StatusMethodNotAllowed)
			return
		}
		handle(w, r)
	}
}

func fail(w http.ResponseWriter, code int) { http.Error(w, http.StatusText(code), code) }

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	status := "OK"
	if !s.device.Plugged() {
		status = "NO_DEVICE"
	}
	host, port, _ := net.SplitHostPort(s.Addr()) // an address that is listened on has both
	fmt.Fprintf(w, "status=%s\nserial=%010d\nversion=%s\npid=%d\naddress=%s\nport=%s\n",
		status, s.device.Serial(), version, os.Getpid(), host, port)
}

func (s *Server) message(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < minMessage || r.ContentLength > maxMessage {
		fail(w, http.StatusBadRequest)
		return
	}
	message := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, message); err != nil {
		fail(w, http.StatusBadRequest)
		return
	}
	answer, err := s.device.Exchange(r.Context(), message)
	if err != nil {
		fail(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	// Whoever went away meanwhile sees on the next message what became of it.
	_, _ = w.Write(answer)
}
