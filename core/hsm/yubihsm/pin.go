package yubihsm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// ChangePIN implements hsm.Session, with CHANGE AUTHENTICATION KEY: number (2),
// algorithm (1), K-ENC (16), K-MAC (16). A device changes no key but the one
// that opened the session, and answers with its number (User Guide, command
// reference). The session's own keys were derived before and stay in use.
func (s *session) ChangePIN(ctx context.Context, pin *secret.Bytes) error {
	if pin.Len() != hsm.PINSize {
		return fmt.Errorf("changing the HSM's PIN: the new one has %d bytes, not %d", pin.Len(), hsm.PINSize)
	}
	data := make([]byte, 0, 3+hsm.PINSize)
	defer func() { secret.Wipe(data) }()
	data = binary.BigEndian.AppendUint16(data, ceremonyKeyID)
	data = append(data, byte(commands.AlgorithmYubicoAESAuthentication))
	data = append(data, pin.Expose()...)
	answer, err := s.send(ctx, byte(commands.CommandTypeChangeAuthenticationKey), data)
	if err != nil {
		return fmt.Errorf("changing the PIN of HSM %s: %w", s.serial, err)
	}
	if err := made(answer, ceremonyKeyID); err != nil {
		s.ch.kill()
		return fmt.Errorf("changing the PIN of HSM %s: %w: %w", s.serial, hsm.ErrOutcomeUnknown, err)
	}
	s.pin.Wipe()
	s.pin = pin.Clone()
	return nil
}
