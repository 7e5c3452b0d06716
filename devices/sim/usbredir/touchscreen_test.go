package usbredir

import (
	"bytes"
	"testing"
)

func TestATouchscreenReportsWhatTouchesIt(t *testing.T) {
	touch := NewTouchscreen()
	m := meet(t, touch)
	if c := m.ask(Setup{Type: 0x81, Request: requestGetDescriptor, Value: descriptorReport << 8, Length: 512}); !bytes.Equal(c.data, touchDescriptor) {
		t.Errorf("its reports are described as %X", c.data)
	}
	if c := m.ask(Setup{Type: typeClassIn, Request: requestGetReport, Value: 0x0302, Length: 2}); !bytes.Equal(c.data, []byte{2, 1}) {
		t.Errorf("it has fingers: %X", c.data)
	}
	m.send(kindStartInterrupt, touchIn)
	if p := m.read(kindInterruptStatus); !bytes.Equal(p.body, []byte{statusSuccess, touchIn}) {
		t.Errorf("to report it answers %X", p.body)
	}
	touch.Tap(0x0102, TouchRange)
	for _, want := range [][]byte{
		{touchIn, statusSuccess, 8, 0, 1, 1, 0, 0x02, 0x01, 0x0F, 0x27, 1},
		{touchIn, statusSuccess, 8, 0, 1, 0, 0, 0x02, 0x01, 0x0F, 0x27, 1},
	} {
		if p := m.read(kindInterrupt); !bytes.Equal(p.body, want) {
			t.Errorf("it reports %X, not %X", p.body, want)
		}
	}
	m.send(kindStopInterrupt, touchIn)
	m.read(kindInterruptStatus)
	touch.Tap(1, 1)
	m.send(kindGetConfiguration)
	m.read(kindConfigurationStatus) // and no report before it
}

func TestADeviceThatReportsNothingSaysSo(t *testing.T) {
	_, hsm := newDevices(t)
	m := meet(t, hsm)
	m.send(kindStartInterrupt, hsmIn)
	if p := m.read(kindInterruptStatus); p.body[0] != statusInvalid {
		t.Errorf("an HSM is asked for reports: %X", p.body)
	}
}
