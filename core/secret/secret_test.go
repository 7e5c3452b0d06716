package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNoPrinterShowsASecret(t *testing.T) {
	s := Own([]byte("hunter2"))
	holder := struct{ PIN *Bytes }{s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, value := range []any{s, holder, &holder, []*Bytes{s}} {
			got := fmt.Sprintf(verb, value)
			for _, leak := range []string{"hunter2", "68756e74657232", "68756E74657232", "104 117"} {
				if strings.Contains(got, leak) {
					t.Errorf("%s of %T shows the secret: %q", verb, value, got)
				}
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("login", "pin", s)
	if !strings.Contains(log.String(), redacted) || strings.Contains(log.String(), "hunter2") {
		t.Errorf("structured log: %s", log.String())
	}
}

func TestNoEncoderTakesASecret(t *testing.T) {
	s := Own([]byte("hunter2"))
	if _, err := json.Marshal(s); !errors.Is(err, ErrMarshal) {
		t.Errorf("json: %v", err)
	}
	if err := gob.NewEncoder(new(bytes.Buffer)).Encode(s); err == nil {
		t.Error("gob took it")
	}
	if _, err := s.MarshalText(); !errors.Is(err, ErrMarshal) {
		t.Errorf("text: %v", err)
	}
	if _, err := s.MarshalBinary(); !errors.Is(err, ErrMarshal) {
		t.Errorf("binary: %v", err)
	}
}

func TestWipeZeroesTheBytesThatWereHandedOver(t *testing.T) {
	b := []byte("hunter2")
	s := Own(b)
	clone := s.Clone()
	if !s.Equal(clone) {
		t.Error("a clone differs")
	}
	s.Wipe()
	s.Wipe()
	(*Bytes)(nil).Wipe()
	if !bytes.Equal(b, make([]byte, 7)) {
		t.Errorf("after Wipe: %q", b)
	}
	if s.Len() != 0 || clone.Len() != 7 || s.Equal(clone) {
		t.Error("wiping one secret changed its clone, or left a length")
	}
}

func TestDoCallsOnce(t *testing.T) {
	n := 0
	Do(func() { n++ })
	if n != 1 {
		t.Errorf("called %d times", n)
	}
}
