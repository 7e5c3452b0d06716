package evdev

import (
	"encoding/binary"
	"time"
)

// native is the byte order of what the kernel writes.
var native = binary.NativeEndian

// rawSize is the size of struct input_event on 64-bit machines.
const rawSize = 24

// raw is struct input_event.
type raw struct {
	at    time.Duration // since some time in the past
	kind  uint16
	code  uint16
	value int32
}

// parse reads the events of one read. The kernel writes whole ones only.
func parse(b []byte) []raw {
	events := make([]raw, 0, len(b)/rawSize)
	for ; len(b) >= rawSize; b = b[rawSize:] {
		seconds, micros := int64(native.Uint64(b)), int64(native.Uint64(b[8:]))
		events = append(events, raw{
			at:    time.Duration(seconds)*time.Second + time.Duration(micros)*time.Microsecond,
			kind:  native.Uint16(b[16:]),
			code:  native.Uint16(b[18:]),
			value: int32(native.Uint32(b[20:])),
		})
	}
	return events
}

// encode is the reverse of parse for one event, for what is written to a device.
func (r raw) encode() []byte {
	b := make([]byte, rawSize)
	native.PutUint16(b[16:], r.kind)
	native.PutUint16(b[18:], r.code)
	native.PutUint32(b[20:], uint32(r.value))
	return b
}
