package usbredir

// stream is what a device has to send on an endpoint: transfers, each ended by a
// packet that is not full (USB 2.0 section 5.8.3). The zero value has nothing.
type stream struct {
	data []byte
	owes bool // what is left to send, an empty packet perhaps
}

// set replaces whatever was left by a new transfer.
func (s *stream) set(data []byte) { s.data, s.owes = data, true }

func (s *stream) drop() { s.data, s.owes = nil, false }

// take returns what a host that asks for length bytes gets, in packets. It reports
// babble where a packet has more bytes than the host still wants.
func (s *stream) take(length, packet int) (part []byte, babble bool) {
	n := min(length, len(s.data))
	if n < len(s.data) && n%packet != 0 {
		s.drop()
		return nil, true
	}
	part, s.data = s.data[:n], s.data[n:]
	// The transfer ends with a short packet, or with an empty one that a host
	// which wanted exactly so much has not asked for yet.
	s.owes = len(s.data) > 0 || n == length && n%packet == 0 && n > 0
	return part, false
}
