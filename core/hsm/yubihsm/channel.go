package yubihsm

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

const (
	challengeSize  = 8
	cryptogramSize = 8
	macSize        = 8 // of the 16 bytes, what is sent
)

// errCryptogram says that the device does not hold the key we hold.
var errCryptogram = errors.New("the device proved another key than ours")

// channel is one SCP03 session: it encrypts, authenticates and numbers commands,
// and takes nothing from the device that is not encrypted, authenticated and the
// answer to the last command. The first fault ends it for good.
type channel struct {
	dev     *Device
	id      byte
	keys    sessionKeys
	chain   [aes.BlockSize]byte // MAC of the last command, in full
	counter uint64
	limit   int // of a whole message, in bytes
	dead    bool
}

// openChannel authenticates both sides to each other under authentication key
// id, whose 32 bytes are auth. It returns errCryptogram if the device's proof
// fails; the host's own proof is then never sent.
func openChannel(ctx context.Context, dev *Device, id uint16, auth *secret.Bytes, limit int) (*channel, error) {
	if auth.Len() != 2*keySize {
		return nil, fmt.Errorf("an authentication key of %d bytes, not %d", auth.Len(), 2*keySize)
	}
	var host, card [challengeSize]byte
	if _, err := rand.Read(host[:]); err != nil {
		return nil, fmt.Errorf("drawing a challenge: %w", err)
	}
	request := append(binary.BigEndian.AppendUint16(nil, id), host[:]...)
	answer, err := dev.exchange(ctx, byte(commands.CommandTypeCreateSession), request)
	if err != nil {
		return nil, err
	}
	if err := exactly(answer, 1+challengeSize+cryptogramSize); err != nil {
		return nil, err
	}
	copy(card[:], answer[1:])
	keys, err := deriveSession(auth.Expose(), host, card)
	if err != nil {
		return nil, err
	}
	c := &channel{dev: dev, id: answer[0], keys: keys, counter: 1, limit: limit}
	if err := c.authenticate(ctx, answer[1+challengeSize:], host, card); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// authenticate checks the card cryptogram and sends the host's.
func (c *channel) authenticate(ctx context.Context, cardCryptogram []byte, host, card [challengeSize]byte) error {
	want, err := derive(c.keys.mac.Expose(), deriveCardCryptogram, cryptogramSize, host, card)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, cardCryptogram) != 1 {
		return errCryptogram
	}
	proof, err := derive(c.keys.mac.Expose(), deriveHostCryptogram, cryptogramSize, host, card)
	if err != nil {
		return err
	}
	command := byte(commands.CommandTypeAuthenticateSession)
	data, err := c.sign(command, proof)
	if err != nil {
		return err
	}
	answer, err := c.dev.exchange(ctx, command, data)
	if err != nil {
		return err
	}
	return exactly(answer, 0)
}

// send carries one command to the device and its answer's data back. A refusal
// that the device authenticated is an *Error and leaves the channel open. Any
// other failure after the write ends it and is an hsm.ErrOutcomeUnknown.
func (c *channel) send(ctx context.Context, command byte, data []byte) ([]byte, error) {
	if c.dead {
		return nil, hsm.ErrSessionDead
	}
	if err := ctx.Err(); err != nil {
		return nil, err // nothing was sent
	}
	plain := pad(appendFrame(make([]byte, 0, headerSize+len(data)+aes.BlockSize), command, data))
	defer secret.Wipe(plain)
	if n := headerSize + 1 + len(plain) + macSize; n > c.limit {
		return nil, fmt.Errorf("%s with %d bytes of data makes a message of %d bytes: this device takes %d",
			hsm.CommandName(command), len(data), n, c.limit)
	}
	request, err := c.seal(plain)
	if err != nil {
		return nil, err
	}
	answer, err := c.dev.exchange(ctx, byte(commands.CommandTypeSessionMessage), request)
	if err == nil {
		answer, err = c.open(answer)
	}
	if err == nil {
		answer, err = parseAnswer(command, answer)
		if refusal := (*Error)(nil); err == nil || errors.As(err, &refusal) {
			return answer, err
		}
	}
	c.kill()
	return nil, fmt.Errorf("%s: %w: %w", hsm.CommandName(command), hsm.ErrOutcomeUnknown, err)
}

// seal returns the data of the session message that carries plain, a whole
// number of blocks, which it encrypts in place.
func (c *channel) seal(plain []byte) ([]byte, error) {
	block, iv, err := c.cipher()
	if err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(plain, plain)
	return c.sign(byte(commands.CommandTypeSessionMessage), plain)
}

// open checks and decrypts the data of the answer to a session message, and
// moves on to the next one.
func (c *channel) open(data []byte) ([]byte, error) {
	n := len(data) - macSize
	if n < 1+aes.BlockSize || (n-1)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: a session message of %d bytes", errAnswer, len(data))
	}
	if data[0] != c.id {
		return nil, fmt.Errorf("%w: it belongs to session %d, not %d", errAnswer, data[0], c.id)
	}
	mac, err := c.mac(c.keys.rmac, byte(commands.CommandTypeSessionMessage)|answerBit, data[:n])
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(mac[:macSize], data[n:]) != 1 {
		return nil, fmt.Errorf("%w: its authentication code is wrong", errAnswer)
	}
	block, iv, err := c.cipher()
	if err != nil {
		return nil, err
	}
	plain := make([]byte, n-1)
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(plain, data[1:n])
	c.counter++
	return unpad(plain)
}

// cipher returns the session's cipher and the initialization vector of the
// current command and its answer: the counter, encrypted (SCP03, section 6.2.6).
func (c *channel) cipher() (cipher.Block, [aes.BlockSize]byte, error) {
	var iv [aes.BlockSize]byte
	block, err := newAES(c.keys.enc.Expose())
	if err != nil {
		return nil, iv, err
	}
	binary.BigEndian.PutUint64(iv[8:], c.counter)
	block.Encrypt(iv[:], iv[:])
	return block, iv, nil
}

// sign returns the session's number, data and their MAC, which becomes the
// chaining value (SCP03, section 6.2.4).
func (c *channel) sign(command byte, data []byte) ([]byte, error) {
	body := append(append(make([]byte, 0, 1+len(data)+macSize), c.id), data...)
	mac, err := c.mac(c.keys.mac, command, body)
	if err != nil {
		return nil, err
	}
	c.chain = mac
	return append(body, mac[:macSize]...), nil
}

// mac authenticates the chaining value and a message that will end in a MAC.
func (c *channel) mac(key *secret.Bytes, command byte, body []byte) ([aes.BlockSize]byte, error) {
	header := binary.BigEndian.AppendUint16([]byte{command}, uint16(len(body)+macSize))
	return cmac(key.Expose(), c.chain[:], header, body)
}

// close tells the device that the session is over. The keys are gone whatever
// it answers; a device that forgot the session already is not an error.
func (c *channel) close(ctx context.Context) error {
	if c == nil || c.dead {
		return nil
	}
	_, err := c.send(ctx, byte(commands.CommandTypeCloseSession), nil)
	c.kill()
	if hasCode(err, commands.ErrorCodeInvalidSession) {
		return nil
	}
	return err
}

func (c *channel) kill() {
	c.dead = true
	c.keys.wipe()
}

// pad appends 80h and then zeros up to a whole number of blocks (ISO/IEC 9797-1,
// padding method 2), always at least one byte.
func pad(b []byte) []byte {
	b = append(b, 0x80)
	for len(b)%aes.BlockSize != 0 {
		b = append(b, 0)
	}
	return b
}

// unpad takes off what pad appended. Its input was authenticated, so that there
// is no oracle in the error.
func unpad(b []byte) ([]byte, error) {
	for i := len(b) - 1; i >= 0 && i >= len(b)-aes.BlockSize; i-- {
		switch b[i] {
		case 0:
		case 0x80:
			return b[:i], nil
		default:
			return nil, fmt.Errorf("%w: its padding is wrong", errAnswer)
		}
	}
	return nil, fmt.Errorf("%w: its padding is missing", errAnswer)
}
