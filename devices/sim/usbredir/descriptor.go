package usbredir

import "encoding/binary"

// Descriptor types, USB 2.0 table 9-5.
const (
	descriptorDevice        = 1
	descriptorConfiguration = 2
	descriptorString        = 3
	descriptorInterface     = 4
	descriptorEndpoint      = 5
	descriptorQualifier     = 6
	descriptorOtherSpeed    = 7

	// HID 1.11 section 7.1.
	descriptorHID    = 0x21
	descriptorReport = 0x22
)

// Numbers of the strings; 0 is the list of languages.
const (
	stringManufacturer = 1
	stringName         = 2
	stringSerial       = 3
)

const (
	usb20          = 0x0200
	controlPacket  = 64     // of endpoint 0 at full and high speed
	languageEnUS   = 0x0409 // the one language
	busPowered     = 0x80
	maxTextInASCII = 126
)

// device is the device descriptor, USB 2.0 table 9-8.
func (d Description) device() []byte {
	b := []byte{18, descriptorDevice}
	b = binary.LittleEndian.AppendUint16(b, usb20)
	b = append(b, 0, 0, 0, controlPacket) // the class stands in the interface
	b = binary.LittleEndian.AppendUint16(b, d.Vendor)
	b = binary.LittleEndian.AppendUint16(b, d.Product)
	b = binary.LittleEndian.AppendUint16(b, d.Release)
	return append(b, stringManufacturer, stringName, stringSerial, 1)
}

// qualifier is what the device would be at the other speed, USB 2.0 table 9-9.
func (d Description) qualifier() []byte {
	b := []byte{10, descriptorQualifier}
	b = binary.LittleEndian.AppendUint16(b, usb20)
	return append(b, 0, 0, 0, controlPacket, 1, 0)
}

// configuration is the configuration with its interface and endpoints, USB 2.0
// tables 9-10, 9-12 and 9-13.
func (d Description) configuration(kind byte, speed Speed) []byte {
	b := []byte{9, kind, 0, 0, 1, 1, 0, busPowered, d.MaxPower}
	b = append(b, 9, descriptorInterface, 0, 0, byte(len(d.Endpoints)), d.Class, d.Subclass, d.Protocol, 0)
	b = append(b, d.hid()...)
	for _, e := range d.Endpoints {
		b = append(b, 7, descriptorEndpoint, e, d.endpointType())
		b = binary.LittleEndian.AppendUint16(b, uint16(speed.bulkPacket()))
		b = append(b, d.interval())
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// hid is the HID descriptor, HID 1.11 section 6.2.1; nil if the device has none.
func (d Description) hid() []byte {
	if d.Report == nil {
		return nil
	}
	b := []byte{9, descriptorHID, 0x11, 0x01, 0, 1, descriptorReport}
	return binary.LittleEndian.AppendUint16(b, uint16(len(d.Report)))
}

func (d Description) endpointType() byte {
	if d.Report != nil {
		return endpointInterrupt
	}
	return endpointBulk
}

func (d Description) interval() byte {
	if d.Report != nil {
		return interval
	}
	return 0
}

// text is a string descriptor, USB 2.0 tables 9-15 and 9-16; nil if there is none.
func (d Description) text(number byte) []byte {
	if number == 0 {
		return binary.LittleEndian.AppendUint16([]byte{4, descriptorString}, languageEnUS)
	}
	texts := map[byte]string{stringManufacturer: d.Manufacturer, stringName: d.Name, stringSerial: d.Serial}
	text, ok := texts[number]
	if !ok {
		return nil
	}
	text = text[:min(len(text), maxTextInASCII)]
	b := []byte{byte(2 + 2*len(text)), descriptorString}
	for i := range len(text) {
		b = binary.LittleEndian.AppendUint16(b, uint16(text[i]))
	}
	return b
}

// descriptor is the answer to GET_DESCRIPTOR; nil if there is none.
func (d Description) descriptor(kind, number byte) []byte {
	fast := d.Speed == HighSpeed
	switch {
	case kind == descriptorDevice && number == 0:
		return d.device()
	case kind == descriptorConfiguration && number == 0:
		return d.configuration(descriptorConfiguration, d.Speed)
	case kind == descriptorString:
		return d.text(number)
	case kind == descriptorHID && number == 0:
		return d.hid()
	case kind == descriptorReport && number == 0:
		return d.Report
	case kind == descriptorQualifier && fast && number == 0:
		return d.qualifier()
	case kind == descriptorOtherSpeed && fast && number == 0:
		return d.configuration(descriptorOtherSpeed, FullSpeed)
	}
	return nil
}

// has says whether the device has the endpoint.
func (d Description) has(endpoint byte) bool {
	for _, e := range d.Endpoints {
		if e == endpoint {
			return true
		}
	}
	return false
}

// slots is the number of endpoints in a packet that lists them: 16 OUT, 16 IN.
const slots = 32

// interfaceInfo, endpointInfo and connect are how the protocol tells of a device.
func (d Description) interfaceInfo() packet {
	b := binary.LittleEndian.AppendUint32(nil, 1)
	for _, first := range []byte{0, d.Class, d.Subclass, d.Protocol} {
		list := make([]byte, slots)
		list[0] = first
		b = append(b, list...)
	}
	return packet{kind: kindInterfaceInfo, body: b}
}

func (d Description) endpointInfo() packet {
	const in = slots / 2
	types, intervals, interfaces := make([]byte, slots), make([]byte, slots), make([]byte, slots)
	var sizes [slots]uint16
	for i := range types {
		types[i] = endpointNone
	}
	types[0], types[in] = endpointControl, endpointControl
	sizes[0], sizes[in] = controlPacket, controlPacket
	for _, e := range d.Endpoints {
		at := int(e & 0x0F)
		if e&0x80 != 0 {
			at += in
		}
		types[at], sizes[at], intervals[at] = d.endpointType(), uint16(d.Speed.bulkPacket()), d.interval()
	}
	b := append(append(types, intervals...), interfaces...)
	for _, size := range sizes {
		b = binary.LittleEndian.AppendUint16(b, size)
	}
	return packet{kind: kindEndpointInfo, body: b}
}

func (d Description) connect() packet {
	const fullSpeed = 1 // of the protocol's speeds; high speed follows it
	b := []byte{fullSpeed + byte(d.Speed), 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, d.Vendor)
	b = binary.LittleEndian.AppendUint16(b, d.Product)
	b = binary.LittleEndian.AppendUint16(b, d.Release)
	return packet{kind: kindDeviceConnect, body: b}
}
