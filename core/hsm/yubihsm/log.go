package yubihsm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
)

// ReadLog implements hsm.Session.
func (s *session) ReadLog(ctx context.Context) (hsm.Log, error) {
	return readLog(ctx, s)
}

// AckLog implements hsm.Session, with SET LOG INDEX.
func (s *session) AckLog(ctx context.Context, number uint16) error {
	answer, err := s.send(ctx, byte(commands.CommandTypeSetLogIndex), binary.BigEndian.AppendUint16(nil, number))
	if err == nil {
		err = exactly(answer, 0)
	}
	if err != nil {
		return fmt.Errorf("acknowledging the HSM's log up to entry %d: %w", number, err)
	}
	return nil
}

// readLog reads the device's log.
func readLog(ctx context.Context, s sender) (hsm.Log, error) {
	answer, err := s.send(ctx, byte(commands.CommandTypeGetLogs), nil)
	if err != nil {
		return hsm.Log{}, fmt.Errorf("reading the HSM's log: %w", err)
	}
	log, err := hsm.ParseLog(answer)
	if err != nil {
		return hsm.Log{}, fmt.Errorf("reading the HSM's log: %w: %w", errAnswer, err)
	}
	return log, nil
}
