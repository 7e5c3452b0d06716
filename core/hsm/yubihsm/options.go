package yubihsm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"
)

// Options and their values (User Guide, SET OPTION). The values of
// optionCommandAudit and optionAlgorithms are pairs: a command or an algorithm,
// and what holds for it.
const (
	optionForceAudit   byte = 0x01
	optionCommandAudit byte = 0x03
	optionAlgorithms   byte = 0x04 // which may be used: 0 or 1; set before any object is made

	optionFix byte = 0x02 // on, until the device is reset; audit options alone
)

// maxOption is the longest value of an option: a pair for each of 256.
const maxOption = 2 * 256

// readOption sends GET OPTION: option (1); the answer is its value.
func readOption(ctx context.Context, s sender, option byte) ([]byte, error) {
	value, err := s.send(ctx, byte(commands.CommandTypeGetOption), []byte{option})
	if err == nil && len(value) > maxOption {
		err = fmt.Errorf("%w: the value of option %#02x has %d bytes", errAnswer, option, len(value))
	}
	return value, err
}

// setOption sends SET OPTION: option (1), the length of its value (2), its value.
func setOption(ctx context.Context, s sender, option byte, value []byte) error {
	data := append(binary.BigEndian.AppendUint16([]byte{option}, uint16(len(value))), value...)
	answer, err := s.send(ctx, byte(commands.CommandTypePutOption), data)
	if err != nil {
		return err
	}
	return exactly(answer, 0)
}
