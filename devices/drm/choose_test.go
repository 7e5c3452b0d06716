package drm

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func preferred(m modeInfo) modeInfo { m.kind = modeTypePreferred; return m }

func interlacedMode(m modeInfo) modeInfo { m.flags = modeFlagInterlace; return m }

func TestPickMode(t *testing.T) {
	for why, c := range map[string]struct {
		modes []modeInfo
		want  modeInfo
	}{
		"the preferred one":                          {[]modeInfo{mode(1920, 1080, 60), preferred(mode(1366, 768, 60))}, preferred(mode(1366, 768, 60))},
		"the largest, where none is preferred":       {[]modeInfo{mode(800, 600, 75), mode(1024, 768, 60)}, mode(1024, 768, 60)},
		"the fastest of one size":                    {[]modeInfo{mode(800, 600, 60), mode(800, 600, 75)}, mode(800, 600, 75)},
		"not a preferred one beyond our screens":     {[]modeInfo{preferred(mode(5120, 2880, 60)), mode(2560, 1440, 60)}, mode(2560, 1440, 60)},
		"one beyond our screens if there is no else": {[]modeInfo{preferred(mode(5120, 2880, 60))}, preferred(mode(5120, 2880, 60))},
		"not an interlaced one":                      {[]modeInfo{preferred(interlacedMode(mode(1920, 1080, 30))), mode(1280, 720, 60)}, mode(1280, 720, 60)},
	} {
		if got := pickMode(c.modes); got != c.want {
			t.Errorf("%s: got %d×%d at %d Hz", why, got.hdisplay, got.vdisplay, got.vrefresh)
		}
	}
}

func TestPickOutput(t *testing.T) {
	conn := func(kind, connection uint32) *connector {
		return &connector{kind: kind, connection: connection, encoders: []uint32{41}, modes: []modeInfo{mode(40, 30, 60)}}
	}
	const hdmi = 11
	for why, c := range map[string]struct {
		connectors map[uint32]*connector
		want       uint32
	}{
		"the panel before a cable":                  {map[uint32]*connector{1: conn(hdmi, connectionConnected), 2: conn(connectorEDP, connectionConnected)}, 2},
		"a cable before a panel that may be off":    {map[uint32]*connector{1: conn(connectorEDP, connectionUnknown), 2: conn(hdmi, connectionConnected)}, 2},
		"one of unknown state if there is no other": {map[uint32]*connector{1: conn(hdmi, connectionDisconnected), 2: conn(connectorUnknown, connectionUnknown)}, 2},
		"never one that writes to memory":           {map[uint32]*connector{1: conn(connectorWriteback, connectionConnected)}, 0},
		"none without a mode":                       {map[uint32]*connector{1: {kind: hdmi, connection: connectionConnected, encoders: []uint32{41}}}, 0},
		"none without a CRTC":                       {map[uint32]*connector{1: {kind: hdmi, connection: connectionConnected, modes: []modeInfo{mode(1, 1, 1)}}}, 0},
	} {
		f := newFake()
		f.connectors = c.connectors
		out, found, err := findOutput(&card{node: f}, true)
		if err != nil || found != (c.want != 0) || out.connector.id != c.want {
			t.Errorf("%s: got connector %d, %v", why, out.connector.id, err)
		}
	}
}

func TestOnlyARealPanelHasASize(t *testing.T) {
	for kind, want := range map[uint32]int{connectorEDP: 310, connectorUnknown: 0, connectorVirtual: 0} {
		f := newFake()
		f.connectors[51].kind, f.connectors[51].millimetresX = kind, 310
		if got := mustScreen(t, f).Mode().MillimetresX; got != want {
			t.Errorf("a connector of type %d is %d mm wide, not %d", kind, got, want)
		}
	}
}

func TestTheCRTCInUseIsKept(t *testing.T) {
	f := newFake()
	f.encoders[41] = getEncoder{crtc: 32, possibleCRTCs: 3}
	f.connectors[51].encoder = 41
	if out, _, err := findOutput(&card{node: f}, true); err != nil || out.crtc != 32 || out.crtcIndex != 1 {
		t.Errorf("CRTC %d at %d, %v", out.crtc, out.crtcIndex, err)
	}
	f.encoders[41] = getEncoder{possibleCRTCs: 2}
	if out, _, err := findOutput(&card{node: f}, true); err != nil || out.crtc != 32 {
		t.Errorf("CRTC %d, which the encoder cannot reach: %v", out.crtc, err)
	}
}

func TestCardsAreTriedInTheOrderOfTheirNumbers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"card10", "card2", "card0", "renderD128", "card", "cardx", "controlD64"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := cardPaths(dir)
	want := []string{filepath.Join(dir, "card0"), filepath.Join(dir, "card2"), filepath.Join(dir, "card10")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestALyingCardIsAnError(t *testing.T) {
	f := newFake()
	f.crtcs = make([]uint32, maxObjects+1)
	if _, err := (&card{node: f}).resources(); err == nil {
		t.Error("more CRTCs than there can be were believed")
	}
	f = newFake()
	f.connectors[51].modes = make([]modeInfo, maxObjects+1)
	if _, err := (&card{node: f}).connector(51, true); err == nil {
		t.Error("more modes than there can be were believed")
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 32, 0, 0, 0})
	f.Add([]byte{1, 0, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if hasFlip(data) && len(data) < 8 {
			t.Error("a flip was read from less than an event")
		}
	})
}
