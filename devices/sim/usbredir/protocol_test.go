package usbredir

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anodize/devices/sim"
)

func TestTheStructuresAreThoseOfTheLibrary(t *testing.T) {
	want := map[string]int{
		"usb_redir_hello": kindHello, "usb_redir_device_connect": kindDeviceConnect, "usb_redir_device_disconnect": kindDeviceDisconnect,
		"usb_redir_reset": kindReset, "usb_redir_interface_info": kindInterfaceInfo, "usb_redir_ep_info": kindEndpointInfo,
		"usb_redir_set_configuration": kindSetConfiguration, "usb_redir_get_configuration": kindGetConfiguration,
		"usb_redir_configuration_status": kindConfigurationStatus, "usb_redir_set_alt_setting": kindSetAltSetting,
		"usb_redir_get_alt_setting": kindGetAltSetting, "usb_redir_alt_setting_status": kindAltSettingStatus,
		"usb_redir_cancel_data_packet": kindCancel, "usb_redir_filter_reject": kindFilterReject, "usb_redir_filter_filter": kindFilter,
		"usb_redir_control_packet": kindControl, "usb_redir_bulk_packet": kindBulk,
		"usb_redir_start_interrupt_receiving": kindStartInterrupt, "usb_redir_stop_interrupt_receiving": kindStopInterrupt,
		"usb_redir_interrupt_receiving_status": kindInterruptStatus, "usb_redir_interrupt_packet": kindInterrupt,

		"usb_redir_success": statusSuccess, "usb_redir_cancelled": statusCancelled, "usb_redir_inval": statusInvalid,
		"usb_redir_ioerror": statusError, "usb_redir_stall": statusStall, "usb_redir_babble": statusBabble,

		"usb_redir_type_control": endpointControl, "usb_redir_type_bulk": endpointBulk, "usb_redir_type_interrupt": endpointInterrupt, "usb_redir_type_invalid": endpointNone,
		"usb_redir_speed_full":                      int(Description{}.connect().body[0]),
		"usb_redir_speed_high":                      int(Description{Speed: HighSpeed}.connect().body[0]),
		"1 << usb_redir_cap_connect_device_version": capDeviceVersion, "1 << usb_redir_cap_ep_info_max_packet_size": capMaxPacketSize,
		"1 << usb_redir_cap_64bits_ids": capIDs64, "1 << usb_redir_cap_32bits_bulk_length": capLength32,

		"sizeof(struct usb_redir_header)":                               headerSize(true),
		"offsetof(struct usb_redir_hello_header, capabilities)":         sizeVersion,
		"sizeof(struct usb_redir_control_packet_header)":                sizeControl,
		"sizeof(struct usb_redir_bulk_packet_header)":                   sizeBulk,
		"offsetof(struct usb_redir_bulk_packet_header, length_high)":    sizeBulk - 2,
		"sizeof(struct usb_redir_device_connect_header)":                len(Description{}.connect().body),
		"sizeof(struct usb_redir_interface_info_header)":                len(Description{}.interfaceInfo().body),
		"offsetof(struct usb_redir_ep_info_header, max_streams)":        len(Description{}.endpointInfo().body), // no streams
		"offsetof(struct usb_redir_control_packet_header, status)":      3,
		"offsetof(struct usb_redir_control_packet_header, length)":      8,
		"sizeof(struct usb_redir_configuration_status_header)":          2,
		"sizeof(struct usb_redir_alt_setting_status_header)":            3,
		"sizeof(struct usb_redir_interrupt_receiving_status_header)":    2,
		"sizeof(struct usb_redir_start_interrupt_receiving_header)":     1,
		"sizeof(struct usb_redir_interrupt_packet_header)":              4,
		"offsetof(struct usb_redir_interrupt_packet_header, length)":    2,
		"offsetof(struct usb_redir_ep_info_header, max_packet_size)":    3 * slots,
		"offsetof(struct usb_redir_interface_info_header, interface)":   4,
		"offsetof(struct usb_redir_device_connect_header, vendor_id)":   4,
		"offsetof(struct usb_redir_bulk_packet_header, stream_id)":      4,
		"offsetof(struct usb_redir_control_packet_header, requesttype)": 2,
	}
	var c strings.Builder
	c.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <usbredirproto.h>\nint main(void) {\n")
	for name := range want {
		fmt.Fprintf(&c, "printf(\"%%d %s\\n\", (int)(%s));\n", name, name)
	}
	c.WriteString("return 0; }\n")
	for line := range strings.Lines(runC(t, c.String())) {
		var value int
		number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := fmt.Sscan(number, &value); err != nil {
			t.Fatalf("the C program printed %q: %v", line, err)
		}
		if want[name] != value {
			t.Errorf("%s is %d here and %d in C", name, want[name], value)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("the C program did not print %v", want)
	}
}

// runC compiles and runs a C program and returns what it prints.
func runC(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	file, program := filepath.Join(dir, "a.c"), filepath.Join(dir, "a")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("compiling with gcc (Debian: gcc libc6-dev libusbredirparser-dev): %v\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// machine is the other end of a session: it sends requests and reads answers.
type machine struct {
	*testing.T
	conn   net.Conn
	id     uint64
	served chan error
	unplug context.CancelFunc
}

// meet serves the device and goes through its introduction.
func meet(t *testing.T, d Device) *machine {
	t.Helper()
	mine, theirs := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	m := &machine{T: t, conn: mine, served: make(chan error, 1), unplug: cancel}
	go func() { m.served <- Serve(ctx, theirs, d) }()
	t.Cleanup(func() { cancel(); mine.Close() })
	go func() { _, _ = mine.Write(hello().bytes(false)) }() // a pipe has no room: both sides write first
	if p, err := readPacket(mine, false); err != nil || checkHello(p) != nil {
		t.Fatalf("the device says %+v, %v", p, err)
	}
	m.introduced()
	return m
}

func (m *machine) introduced() {
	m.Helper()
	for _, kind := range []uint32{kindInterfaceInfo, kindEndpointInfo, kindDeviceConnect} {
		m.read(kind)
	}
}

func (m *machine) read(kind uint32) packet {
	m.Helper()
	_ = m.conn.SetReadDeadline(time.Now().Add(time.Minute))
	p, err := readPacket(m.conn, true)
	if err != nil || p.kind != kind {
		m.Fatalf("a packet of type %d was to come, not %+v, %v", kind, p, err)
	}
	return p
}

func (m *machine) send(kind uint32, body ...byte) (id uint64) {
	m.Helper()
	m.id++
	if _, err := m.conn.Write(packet{kind, m.id, body}.bytes(true)); err != nil {
		m.Fatal(err)
	}
	return m.id
}

// ask makes a control request.
func (m *machine) ask(s Setup, data ...byte) control {
	m.Helper()
	id := m.send(kindControl, control{setup: s, data: data}.bytes(int(s.Length))...)
	p := m.read(kindControl)
	c := control{endpoint: p.body[0], status: p.body[3], setup: s, data: p.body[sizeControl:]}
	if p.id != id || int(binary.LittleEndian.Uint16(p.body[8:])) != len(c.data) && s.isIn() {
		m.Fatalf("the answer to request %d is %+v", id, p)
	}
	return c
}

func (m *machine) clearHalt(endpoint byte) {
	m.Helper()
	if c := m.ask(Setup{Type: 2, Request: requestClearFeature, Index: uint16(endpoint)}); c.status != statusSuccess {
		m.Fatalf("clearing endpoint %02Xh gives %d", endpoint, c.status)
	}
}

func (m *machine) bulkOut(endpoint byte, data []byte) (status byte) {
	m.Helper()
	id := m.send(kindBulk, bulk{endpoint: endpoint, length: len(data), data: data}.bytes()...)
	return m.bulkAnswer(id).status
}

func (m *machine) bulkAnswer(id uint64) bulk {
	m.Helper()
	p := m.read(kindBulk)
	b := bulk{endpoint: p.body[0], status: p.body[1], data: p.body[sizeBulk:]}
	b.length = int(binary.LittleEndian.Uint16(p.body[2:])) | int(binary.LittleEndian.Uint16(p.body[8:]))<<16
	if p.id != id || b.isIn() && b.length != len(b.data) {
		m.Fatalf("the answer to request %d is %+v", id, p)
	}
	return b
}

func (m *machine) bulkIn(endpoint byte, length int) bulk {
	m.Helper()
	return m.bulkAnswer(m.send(kindBulk, bulk{endpoint: endpoint, length: length}.bytes()...))
}

// ends waits for the end of Serve.
func (m *machine) ends() error {
	m.Helper()
	select {
	case err := <-m.served:
		return err
	case <-time.After(time.Minute):
		m.Fatal("Serve does not end")
	}
	return nil
}

func newDevices(t *testing.T) (*sim.HSM, *HSM) {
	t.Helper()
	h := sim.NewHSM(34332673)
	return h, NewHSM(h)
}

func TestDescriptorsSayWhatTheDeviceIs(t *testing.T) {
	_, hsm := newDevices(t)
	m := meet(t, hsm)
	get := func(kind, number byte, length uint16) control {
		return m.ask(Setup{Type: 0x80, Request: requestGetDescriptor, Value: uint16(kind)<<8 | uint16(number), Length: length})
	}
	device := get(descriptorDevice, 0, 64)
	if want := "\x12\x01\x00\x02\x00\x00\x00\x40\x50\x10\x30\x00\x00\x02\x01\x02\x03\x01"; string(device.data) != want {
		t.Errorf("device descriptor % X", device.data)
	}
	if c := get(descriptorDevice, 0, 8); len(c.data) != 8 {
		t.Errorf("a descriptor is not cut: %d bytes", len(c.data))
	}
	configuration := get(descriptorConfiguration, 0, 255)
	if want := "\x09\x02\x20\x00\x01\x01\x00\x80\x0f" + "\x09\x04\x00\x00\x02\xff\x00\x00\x00" +
		"\x07\x05\x01\x02\x40\x00\x00" + "\x07\x05\x81\x02\x40\x00\x00"; string(configuration.data) != want {
		t.Errorf("configuration % X", configuration.data)
	}
	if serial := get(descriptorString, stringSerial, 255); string(serial.data) != "\x16\x030\x000\x003\x004\x003\x003\x002\x006\x007\x003\x00" {
		t.Errorf("serial number %q", serial.data)
	}
	for _, none := range [][2]byte{{descriptorQualifier, 0}, {descriptorString, 9}, {descriptorConfiguration, 1}, {15, 0}} {
		if c := get(none[0], none[1], 255); c.status != statusStall || len(c.data) != 0 {
			t.Errorf("descriptor %v: %+v", none, c)
		}
	}
}

func TestAFastDeviceSaysWhatItIsAtTheOtherSpeed(t *testing.T) {
	d := NewMassStorage(sim.NewDrive(), "0123456789AB").Description()
	if b := d.descriptor(descriptorQualifier, 0); len(b) != 10 || b[1] != descriptorQualifier {
		t.Errorf("qualifier % X", b)
	}
	fast, slow := d.descriptor(descriptorConfiguration, 0), d.descriptor(descriptorOtherSpeed, 0)
	if !bytes.Contains(fast, []byte{7, 5, storageIn, 2, 0, 2, 0}) || !bytes.Contains(slow, []byte{7, 5, storageIn, 2, 64, 0, 0}) {
		t.Errorf("configurations % X, % X", fast, slow)
	}
}

func TestStandardRequests(t *testing.T) {
	_, hsm := newDevices(t)
	m := meet(t, hsm)
	m.send(kindFilter, []byte("-1,-1,-1,-1,1\x00")...)
	if p := m.send(kindGetConfiguration); m.read(kindConfigurationStatus).id != p {
		t.Error("the configuration is not told")
	}
	for _, c := range []struct{ configuration, status byte }{{1, statusSuccess}, {2, statusStall}, {0, statusSuccess}} {
		m.send(kindSetConfiguration, c.configuration)
		if c.status == statusSuccess {
			m.read(kindInterfaceInfo)
			m.read(kindEndpointInfo)
		}
		if p := m.read(kindConfigurationStatus); p.body[0] != c.status {
			t.Errorf("configuration %d gives %d", c.configuration, p.body[0])
		}
	}
	for _, c := range []struct{ number, setting, status byte }{{0, 0, statusSuccess}, {0, 1, statusStall}, {1, 0, statusStall}} {
		m.send(kindSetAltSetting, c.number, c.setting)
		if p := m.read(kindAltSettingStatus); p.body[0] != c.status {
			t.Errorf("setting %d of interface %d gives %d", c.setting, c.number, p.body[0])
		}
	}
	for number, status := range []byte{statusSuccess, statusStall} {
		m.send(kindGetAltSetting, byte(number))
		if p := m.read(kindAltSettingStatus); p.body[0] != status {
			t.Errorf("the setting of interface %d gives %d", number, p.body[0])
		}
	}
	halt := Setup{Type: 2, Request: requestSetFeature, Index: hsmIn}
	status := Setup{Type: 0x82, Index: hsmIn, Length: 2}
	m.ask(halt)
	if c := m.ask(status); string(c.data) != "\x01\x00" || m.bulkIn(hsmIn, 64).status != statusStall {
		t.Errorf("a halted endpoint: % X", c.data)
	}
	m.clearHalt(hsmIn)
	if c := m.ask(status); string(c.data) != "\x00\x00" {
		t.Errorf("a cleared endpoint: % X", c.data)
	}
	for _, s := range []Setup{
		{Type: 2, Request: requestClearFeature, Index: 0x83}, {Type: 2, Request: requestSetFeature, Value: 1, Index: hsmIn},
		{Type: 0, Request: requestSetFeature, Value: 1}, {Type: 0x82, Index: 0x85, Length: 2}, {Type: 0x80, Request: 12, Length: 2},
		{Type: 0xC0, Request: 1, Length: 4}, {Type: 0x21, Request: 1},
	} {
		if c := m.ask(s); c.status != statusStall {
			t.Errorf("%+v gives %d", s, c.status)
		}
	}
	if c := m.ask(Setup{Type: 0x80, Length: 2}); string(c.data) != "\x00\x00" {
		t.Errorf("the device's status: % X", c.data)
	}
	if got := m.bulkIn(0x85, 64).status; got != statusInvalid {
		t.Errorf("an endpoint that is not there gives %d", got)
	}
}

func TestAPendingReadIsCancelledAndTheNextOneGetsTheAnswer(t *testing.T) {
	_, hsm := newDevices(t)
	m := meet(t, hsm)
	first := m.send(kindBulk, bulk{endpoint: hsmIn, length: 64}.bytes()...)
	queued := m.send(kindBulk, bulk{endpoint: hsmIn, length: 64}.bytes()...)
	for _, id := range []uint64{first, queued} {
		m.id = id - 1
		m.send(kindCancel)
		if b := m.bulkAnswer(id); b.status != statusCancelled || len(b.data) != 0 {
			t.Errorf("a cancelled read: %+v", b)
		}
	}
	m.send(kindCancel) // it has been answered
	if got := m.bulkOut(hsmOut, []byte{1, 0, 1, 'x'}); got != statusSuccess {
		t.Fatalf("the message gives %d", got)
	}
	if b := m.bulkIn(hsmIn, 8192); b.status != statusSuccess || string(b.data) != "\x81\x00\x01x" {
		t.Errorf("%+v", b)
	}
}

func TestADeviceIsPulledOutAtAnyMoment(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*machine)
	}{
		{"with nothing to do", func(*machine) {}},
		{"while a read is pending", func(m *machine) { m.send(kindBulk, bulk{endpoint: hsmIn, length: 64}.bytes()...) }},
		{"within a message", func(m *machine) { m.bulkOut(hsmOut, make([]byte, 64)) }},
		{"before its answer was read", func(m *machine) { m.bulkOut(hsmOut, []byte{1, 0, 0}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, hsm := newDevices(t)
			m := meet(t, hsm)
			c.do(m)
			m.unplug()
			m.read(kindDeviceDisconnect)
			if err := m.ends(); err != nil {
				t.Error(err)
			}
			if _, err := m.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the connection is still open: %v", err)
			}
		})
	}
}

// Nobody reads what Serve has to say.
func TestAMachineThatHangsDoesNotHoldTheDevice(t *testing.T) {
	mine, theirs := net.Pipe()
	defer mine.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, hsm := newDevices(t)
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, theirs, hsm) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("Serve does not end")
	}
}

func TestAnHSMThatRestartsLeavesTheBusAndComesBack(t *testing.T) {
	h, hsm := newDevices(t)
	m := meet(t, hsm)
	m.bulkOut(hsmOut, []byte{1, 0, 1, 'x'})
	h.Unplug() // its power fails while the host is busy
	h.Plug()
	hsm.bell.change(func() { hsm.restart = true })
	if b := m.bulkIn(hsmIn, 64); len(b.data) != 4 {
		t.Errorf("the last answer is %+v", b)
	}
	m.read(kindDeviceDisconnect)
	m.introduced()
	m.id = 1000 // what was on its way to the device that left is not for the new one
	m.send(kindBulk, bulk{endpoint: hsmOut, length: 4, data: []byte{1, 0, 1, 'y'}}.bytes()...)
	m.send(kindReset)
	if got := m.bulkOut(hsmOut, []byte{1, 0, 1, 'z'}); got != statusSuccess {
		t.Errorf("a message to the new one gives %d", got)
	}
	if b := m.bulkIn(hsmIn, 64); string(b.data) != "\x81\x00\x01z" {
		t.Errorf("the new one answers %q", b.data)
	}
}

func TestAnHSMThatLosesItsPowerLeavesTheBus(t *testing.T) {
	h, hsm := newDevices(t)
	m := meet(t, hsm)
	h.FaultIn(1, sim.HSMUnplugAfter)
	m.send(kindBulk, bulk{endpoint: hsmOut, length: 3, data: []byte{1, 0, 0}}.bytes()...)
	m.read(kindDeviceDisconnect)
	if err := m.ends(); err != nil {
		t.Error(err)
	}
}

func TestAMessageIsWhatItsPacketsSay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := sim.NewHSM(1)
		hsm := NewHSM(h)
		n := rapid.OneOf(rapid.IntRange(3, 2048), rapid.Map(rapid.IntRange(1, 40), func(i int) int { return 64 * i })).Draw(r, "length")
		message := append(binary.BigEndian.AppendUint16([]byte{1}, uint16(n-3)), bytes.Repeat([]byte{'x'}, n-3)...)
		for rest := message; len(rest) > 0; {
			part := min(64*rapid.IntRange(1, 40).Draw(r, "packets"), len(rest))
			if err := hsm.BulkOut(r.Context(), hsmOut, rest[:part]); err != nil {
				r.Fatal(err)
			}
			rest = rest[part:]
		}
		if n%64 == 0 {
			if h.Frames() != 0 {
				r.Fatal("the message was taken before its end")
			}
			if err := hsm.BulkOut(r.Context(), hsmOut, nil); err != nil {
				r.Fatal(err)
			}
		}
		var got []byte
		for {
			want := 64 * rapid.IntRange(1, 60).Draw(r, "packets asked for")
			part, err := hsm.BulkIn(r.Context(), hsmIn, want)
			if err != nil || len(part) > want {
				r.Fatalf("%d bytes for %d, %v", len(part), want, err)
			}
			if got = append(got, part...); len(part) < want {
				break
			}
		}
		if got[0] != 0x81 || !bytes.Equal(got[1:], message[1:]) || h.Frames() != 1 {
			r.Fatalf("%d bytes came back as %d", n, len(got))
		}
	})
}

func TestAReadThatEndsWithinAPacketIsBabble(t *testing.T) {
	_, hsm := newDevices(t)
	m := meet(t, hsm)
	m.bulkOut(hsmOut, []byte{1, 0, 1, 'x'})
	if got := m.bulkIn(hsmIn, 3).status; got != statusBabble {
		t.Errorf("4 bytes for a read of 3 give %d", got)
	}
}

func TestAMachineThatBreaksTheProtocolIsLeft(t *testing.T) {
	for _, c := range []struct {
		name string
		send packet
	}{
		{"an unknown packet", packet{kind: 77}},
		{"a packet of the other direction", packet{kind: kindDeviceConnect}},
		{"a bulk request without its header", packet{kind: kindBulk, body: make([]byte, 9)}},
		{"a bulk request with less data than it says", packet{kind: kindBulk, body: bulk{endpoint: hsmOut, length: 5, data: []byte{1}}.bytes()}},
		{"a bulk read with data", packet{kind: kindBulk, body: bulk{endpoint: hsmIn, length: 1, data: []byte{1}}.bytes()}},
		{"a bulk read of more than a transfer", packet{kind: kindBulk, body: bulk{endpoint: hsmIn, length: maxTransfer + 1}.bytes()}},
		{"a bulk stream", packet{kind: kindBulk, body: []byte{hsmIn, 0, 0, 0, 1, 0, 0, 0, 0, 0}}},
		{"a control request without its header", packet{kind: kindControl, body: make([]byte, 9)}},
		{"a control request with less data than it says", packet{kind: kindControl, body: []byte{0, 9, 0, 0, 0, 0, 0, 0, 4, 0}}},
		{"a configuration of two bytes", packet{kind: kindSetConfiguration, body: []byte{1, 1}}},
		{"a setting of one byte", packet{kind: kindSetAltSetting, body: []byte{1}}},
		{"no interface", packet{kind: kindGetAltSetting}},
		{"reports of no endpoint", packet{kind: kindStartInterrupt}},
		{"the device is filtered away", packet{kind: kindFilterReject}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, hsm := newDevices(t)
			m := meet(t, hsm)
			if _, err := m.conn.Write(c.send.bytes(true)); err != nil {
				t.Fatal(err)
			}
			if err := m.ends(); err == nil {
				t.Error("it is served on")
			}
		})
	}
}

func TestAMachineThatIsNotUpToItIsLeft(t *testing.T) {
	old := hello()
	old.body[sizeVersion] &^= capIDs64
	for _, p := range []packet{old, {kind: kindReset}, {kind: kindHello, body: make([]byte, 64)}} {
		mine, theirs := net.Pipe()
		_, hsm := newDevices(t)
		done := make(chan error, 1)
		go func() { done <- Serve(context.Background(), theirs, hsm) }()
		if _, err := readPacket(mine, false); err != nil {
			t.Fatal(err)
		}
		if _, err := mine.Write(p.bytes(false)); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, errProtocol) {
			t.Errorf("%+v gives %v", p, err)
		}
		mine.Close()
	}
}

// Lengths are looked at before anything of them is allocated.
func TestAPacketThatIsTooLongIsNotRead(t *testing.T) {
	for kind, most := range map[uint32]uint32{kindHello: maxHello, kindControl: sizeControl + maxRequest, kindBulk: sizeBulk + maxTransfer, 77: maxSmall} {
		header := make([]byte, 16)
		binary.LittleEndian.PutUint32(header, kind)
		binary.LittleEndian.PutUint32(header[4:], most+1)
		if _, err := readPacket(bytes.NewReader(header), true); !errors.Is(err, errProtocol) {
			t.Errorf("type %d: %v", kind, err)
		}
	}
}

// Whatever a machine sends, Serve ends with its connection.
func FuzzServe(f *testing.F) {
	f.Add(false, packet{kind: kindBulk, id: 1, body: bulk{endpoint: hsmOut, length: 3, data: []byte{1, 0, 0}}.bytes()}.bytes(true))
	f.Add(false, packet{kind: kindBulk, id: 1, body: bulk{endpoint: hsmIn, length: 64}.bytes()}.bytes(true))
	f.Add(true, packet{kind: kindControl, id: 1, body: control{setup: Setup{Type: typeClassIn, Request: requestMaxLUN, Length: 1}}.bytes(1)}.bytes(true))
	f.Add(true, packet{kind: kindBulk, id: 2, body: bulk{endpoint: storageOut, length: 31, data: wrapper(1, 36, true, 0x12, 0, 0, 0, 36, 0)}.bytes()}.bytes(true))
	f.Fuzz(func(t *testing.T, storage bool, sent []byte) {
		var d Device = NewHSM(sim.NewHSM(1))
		if storage {
			d = NewMassStorage(sim.NewDrive(), "0123456789AB")
		}
		mine, theirs := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- Serve(context.Background(), theirs, d) }()
		go func() { _, _ = io.Copy(io.Discard, mine) }()
		_, _ = mine.Write(hello().bytes(false))
		_, _ = mine.Write(sent) // Serve may have ended before it is through
		mine.Close()
		<-done
	})
}
