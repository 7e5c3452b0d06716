package usbredir

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Types of packets, usb-redirection-protocol.md.
const (
	kindHello               = 0
	kindDeviceConnect       = 1
	kindDeviceDisconnect    = 2
	kindReset               = 3
	kindInterfaceInfo       = 4
	kindEndpointInfo        = 5
	kindSetConfiguration    = 6
	kindGetConfiguration    = 7
	kindConfigurationStatus = 8
	kindSetAltSetting       = 9
	kindGetAltSetting       = 10
	kindAltSettingStatus    = 11
	kindStartInterrupt      = 15
	kindStopInterrupt       = 16
	kindInterruptStatus     = 17
	kindCancel              = 21
	kindFilterReject        = 22
	kindFilter              = 23
	kindControl             = 100
	kindBulk                = 101
	kindInterrupt           = 103
)

// Status of a transfer.
const (
	statusSuccess   = 0
	statusCancelled = 1
	statusInvalid   = 2
	statusError     = 3
	statusStall     = 4
	statusBabble    = 6
)

// Types of endpoints, and what stands for none.
const (
	endpointControl   = 0
	endpointBulk      = 2
	endpointInterrupt = 3
	endpointNone      = 255
)

// Capabilities, by bit. QEMU's xHCI refuses a device without those that are
// announced here.
const (
	capDeviceVersion = 1 << 1
	capMaxPacketSize = 1 << 4
	capIDs64         = 1 << 5
	capLength32      = 1 << 6

	capabilities = capDeviceVersion | capMaxPacketSize | capIDs64 | capLength32
)

// Sizes in bytes. The packed structures are those of usbredirproto.h;
// TestTheStructuresAreThoseOfTheLibrary compares them.
const (
	sizeVersion = 64
	sizeControl = 10
	sizeBulk    = 10

	maxTransfer = 1 << 20   // of one bulk transfer; usb-storage asks for 122,880 at most
	maxHello    = 64 + 4*16 // capabilities of a peer that knows many more
	maxSmall    = 4096      // of a packet without data; filters are the longest
	maxRequest  = 0xFFFF    // of a control request's data
)

// errProtocol means that the peer does not keep to the protocol.
var errProtocol = errors.New("the peer breaks the usbredir protocol")

// packet is one message: its type, the request it belongs to, and what follows the
// header.
type packet struct {
	kind uint32
	id   uint64
	body []byte
}

// limit is how long a packet's body may be.
func limit(kind uint32) uint32 {
	switch kind {
	case kindHello:
		return maxHello
	case kindControl:
		return sizeControl + maxRequest
	case kindBulk:
		return sizeBulk + maxTransfer
	}
	return maxSmall
}

// readPacket reads one packet, whose id has 8 bytes if wide, else 4.
func readPacket(r io.Reader, wide bool) (packet, error) {
	header := make([]byte, headerSize(wide))
	if _, err := io.ReadFull(r, header); err != nil {
		return packet{}, err
	}
	p := packet{kind: binary.LittleEndian.Uint32(header)}
	length := binary.LittleEndian.Uint32(header[4:])
	if wide {
		p.id = binary.LittleEndian.Uint64(header[8:])
	} else {
		p.id = uint64(binary.LittleEndian.Uint32(header[8:]))
	}
	if most := limit(p.kind); length > most {
		return packet{}, fmt.Errorf("%w: packet of type %d has %d bytes, %d are possible", errProtocol, p.kind, length, most)
	}
	p.body = make([]byte, length)
	if _, err := io.ReadFull(r, p.body); err != nil {
		return packet{}, fmt.Errorf("reading a packet of type %d: %w", p.kind, err)
	}
	return p, nil
}

func headerSize(wide bool) int {
	if wide {
		return 16
	}
	return 12
}

// bytes is the packet as it is sent.
func (p packet) bytes(wide bool) []byte {
	b := make([]byte, 0, headerSize(wide)+len(p.body))
	b = binary.LittleEndian.AppendUint32(b, p.kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.body)))
	if wide {
		b = binary.LittleEndian.AppendUint64(b, p.id)
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(p.id))
	}
	return append(b, p.body...)
}

// hello is the first packet of either side.
func hello() packet {
	body := make([]byte, sizeVersion, sizeVersion+4)
	copy(body, "anodize simulated device")
	return packet{kind: kindHello, body: binary.LittleEndian.AppendUint32(body, capabilities)}
}

// checkHello holds the peer's first packet against what this side needs.
func checkHello(p packet) error {
	if p.kind != kindHello || len(p.body) < sizeVersion+4 {
		return fmt.Errorf("%w: it begins with a packet of type %d and %d bytes", errProtocol, p.kind, len(p.body))
	}
	if has := binary.LittleEndian.Uint32(p.body[sizeVersion:]); has&capabilities != capabilities {
		return fmt.Errorf("%w: capabilities %08b, needed are %08b", errProtocol, has, capabilities)
	}
	return nil
}

// control is a control transfer, both ways.
type control struct {
	endpoint byte
	status   byte
	setup    Setup
	data     []byte
}

func (s Setup) isIn() bool { return s.Type&0x80 != 0 }

// parseControl reads a request: data comes with it only if it goes to the device,
// and then all of it.
func parseControl(body []byte) (control, error) {
	if len(body) < sizeControl {
		return control{}, fmt.Errorf("%w: a control request of %d bytes", errProtocol, len(body))
	}
	c := control{endpoint: body[0], status: body[3], data: body[sizeControl:]}
	c.setup = Setup{
		Request: body[1], Type: body[2],
		Value: binary.LittleEndian.Uint16(body[4:]), Index: binary.LittleEndian.Uint16(body[6:]), Length: binary.LittleEndian.Uint16(body[8:]),
	}
	want := int(c.setup.Length)
	if c.setup.isIn() {
		want = 0
	}
	if len(c.data) != want {
		return control{}, fmt.Errorf("%w: a control request with %d bytes of data, not %d", errProtocol, len(c.data), want)
	}
	return c, nil
}

// bytes is the body of an answer; length counts what was moved.
func (c control) bytes(length int) []byte {
	b := []byte{c.endpoint, c.setup.Request, c.setup.Type, c.status}
	b = binary.LittleEndian.AppendUint16(b, c.setup.Value)
	b = binary.LittleEndian.AppendUint16(b, c.setup.Index)
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	return append(b, c.data...)
}

// bulk is a bulk transfer, both ways.
type bulk struct {
	endpoint byte
	status   byte
	length   int
	data     []byte
}

// parseBulk reads a request: data comes with it only if it goes to the device, and
// then all of it.
func parseBulk(body []byte) (bulk, error) {
	if len(body) < sizeBulk {
		return bulk{}, fmt.Errorf("%w: a bulk request of %d bytes", errProtocol, len(body))
	}
	length := uint32(binary.LittleEndian.Uint16(body[8:]))<<16 | uint32(binary.LittleEndian.Uint16(body[2:]))
	b := bulk{endpoint: body[0], status: body[1], length: int(length), data: body[sizeBulk:]}
	if binary.LittleEndian.Uint32(body[4:]) != 0 {
		return bulk{}, fmt.Errorf("%w: a bulk stream", errProtocol)
	}
	want := b.length
	if b.isIn() {
		want = 0
	}
	if length > maxTransfer || len(b.data) != want {
		return bulk{}, fmt.Errorf("%w: a bulk transfer of %d bytes with %d bytes of data", errProtocol, length, len(b.data))
	}
	return b, nil
}

func (b bulk) isIn() bool { return b.endpoint&0x80 != 0 }

// bytes is the body of an answer.
func (b bulk) bytes() []byte {
	out := []byte{b.endpoint, b.status}
	out = binary.LittleEndian.AppendUint16(out, uint16(b.length))
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(b.length>>16))
	return append(out, b.data...)
}
