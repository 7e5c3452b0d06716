package yubihsm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
)

// Messages in either direction, inside a session and outside, are a command
// byte, the length of what follows in two bytes, big endian, and that much data
// (YubiHSM 2 User Guide, command reference).
const (
	headerSize = 3
	maxAnswer  = 8192 // more than any firmware sends
	answerBit  = 0x80 // set in the command byte of an answer
	errorByte  = 0x7f // the command byte of a refusal
)

// The largest message that a device takes.
const (
	maxMessageOld = 2048
	maxMessage240 = 3136 // from firmware 2.4.0
)

// errAnswer is in every error about an answer that the device cannot have meant.
var errAnswer = errors.New("the device's answer makes no sense")

// appendFrame appends a message to b. data is at most 64 KiB less one.
func appendFrame(b []byte, command byte, data []byte) []byte {
	b = append(b, command)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// parseAnswer returns the data of the answer to command, or the device's
// refusal as an *Error. The data is a part of answer.
func parseAnswer(command byte, answer []byte) ([]byte, error) {
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("%w: %d bytes", errAnswer, len(answer))
	}
	if len(answer) < headerSize {
		return nil, fmt.Errorf("%w: only %d bytes", errAnswer, len(answer))
	}
	data := answer[headerSize:]
	if n := int(binary.BigEndian.Uint16(answer[1:])); n != len(data) {
		return nil, fmt.Errorf("%w: it announces %d bytes and holds %d", errAnswer, n, len(data))
	}
	switch answer[0] {
	case command | answerBit:
		return data, nil
	case errorByte:
		if len(data) != 1 || data[0] == 0 {
			return nil, fmt.Errorf("%w: a refusal without a reason", errAnswer)
		}
		return nil, &Error{Command: command, Code: data[0]}
	}
	return nil, fmt.Errorf("%w: command byte %#02x after %s", errAnswer, answer[0], hsm.CommandName(command))
}

// exactly checks that an answer's data has one length.
func exactly(data []byte, n int) error {
	if len(data) != n {
		return fmt.Errorf("%w: %d bytes of data, not %d", errAnswer, len(data), n)
	}
	return nil
}

// Error is a device's refusal of one command.
type Error struct {
	Command byte
	Code    byte // YubiHSM 2 User Guide, error codes
}

func (e *Error) Error() string {
	reason, ok := reasons[commands.ErrorCode(e.Code)]
	if !ok {
		reason = "for a reason this program does not know"
	}
	return fmt.Sprintf("the YubiHSM refused %s: %s (error %#02x)", hsm.CommandName(e.Command), reason, e.Code)
}

// Is lets a caller look for the errors of package hsm.
func (e *Error) Is(target error) bool {
	switch commands.ErrorCode(e.Code) {
	case commands.ErrorCodeLogFull:
		return target == hsm.ErrLogFull
	case commands.ErrorCodeSessionFull:
		return target == hsm.ErrBusy
	case commands.ErrorCodeObjectExists:
		return target == hsm.ErrKeyExists
	case commands.ErrorCodeStorageFailed:
		return target == hsm.ErrStorage
	}
	return false
}

const errorAlgorithmDisabled commands.ErrorCode = 0x12

var reasons = map[commands.ErrorCode]string{
	commands.ErrorCodeInvalidCommand:           "it does not know the command",
	commands.ErrorCodeInvalidData:              "the data is malformed",
	commands.ErrorCodeInvalidSession:           "the session no longer exists",
	commands.ErrorCodeAuthFail:                 "authentication failed",
	commands.ErrorCodeSessionFull:              "all its sessions are in use, wait 30 seconds",
	commands.ErrorCodeSessionFailed:            "the session could not be set up",
	commands.ErrorCodeStorageFailed:            "its storage is full or failed",
	commands.ErrorCodeWrongLength:              "the length is wrong",
	commands.ErrorCodeInvalidPermission:        "the session's key may not do that",
	commands.ErrorCodeLogFull:                  "its log is full",
	commands.ErrorCodeObjectNotFound:           "the object does not exist",
	commands.ErrorCodeInvalidID:                "the object's number is not allowed",
	commands.ErrorCodeSSHCAConstraintViolation: "an SSH constraint is violated",
	commands.ErrorCodeInvalidOTP:               "the one-time password is wrong",
	commands.ErrorCodeDemoMode:                 "it is in demonstration mode, unplug it and plug it in again",
	commands.ErrorCodeObjectExists:             "the object already exists",
	errorAlgorithmDisabled:                     "the algorithm is switched off",
	commands.ErrorCodeCommandUnexecuted:        "it did not carry it out",
}

// hasCode reports whether err is a refusal with that code.
func hasCode(err error, code commands.ErrorCode) bool {
	var e *Error
	return errors.As(err, &e) && commands.ErrorCode(e.Code) == code
}
