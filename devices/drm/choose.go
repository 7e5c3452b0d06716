package drm

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// native is the byte order of what the kernel writes.
var native = binary.NativeEndian

// The largest picture that the screens are made for.
const (
	widest  = 3840
	tallest = 2160
)

// output is a connector, the CRTC that is to drive it, and the mode to set.
type output struct {
	connector connector
	crtc      uint32
	crtcIndex int // the CRTC's place in the card's list
	mode      modeInfo
}

// same tells whether o would show the same as p, in the same place.
func (o output) same(p output) bool {
	return o.connector.id == p.connector.id && o.crtc == p.crtc && o.mode == p.mode
}

// findOutput picks what to show on: false if nothing is connected. With probe the
// kernel looks at every output again; see readConnector.
func findOutput(c *card, probe bool) (output, bool, error) {
	res, err := c.resources()
	if err != nil {
		return output{}, false, err
	}
	var all []connector
	for _, id := range res.connectors {
		conn, err := readConnector(c, id, probe)
		if err != nil {
			return output{}, false, err
		}
		if conn.kind != connectorWriteback && conn.connection != connectionDisconnected && len(conn.modes) > 0 {
			all = append(all, conn)
		}
	}
	slices.SortStableFunc(all, func(a, b connector) int { return cmp.Compare(rank(a), rank(b)) })
	for _, conn := range all {
		crtc, index, err := pickCRTC(c, conn, res.crtcs)
		if err != nil {
			return output{}, false, err
		}
		if crtc != 0 {
			return output{connector: conn, crtc: crtc, crtcIndex: index, mode: pickMode(conn.modes)}, true, nil
		}
	}
	return output{}, false, nil
}

// readConnector reads what the driver last knew of a connector, unless a probe is
// asked for. A driver notices by itself that a cable was pulled or plugged in, but
// reads the modes of what is at its other end in a probe only. Where there is no
// cable to talk over, a probe costs nothing and is always made.
func readConnector(c *card, id uint32, probe bool) (connector, error) {
	conn, err := c.connector(id, probe)
	if err == nil && !probe && conn.virtual() {
		return c.connector(id, true)
	}
	return conn, err
}

// virtual tells whether there is no cable: the firmware's display, or a virtual
// machine's.
func (c connector) virtual() bool { return c.kind == connectorVirtual || c.kind == connectorUnknown }

// rank orders connectors: those that are surely connected first, and among them
// the machine's own panel.
func rank(c connector) int {
	r := 0
	if c.connection != connectionConnected {
		r = 2
	}
	switch c.kind {
	case connectorLVDS, connectorEDP, connectorDSI, connectorDPI:
		return r
	}
	return r + 1
}

// pickMode picks the preferred mode if the screens can fill it; otherwise the
// largest that they can fill, at its highest rate. There must be one mode at least.
func pickMode(modes []modeInfo) modeInfo {
	return slices.MinFunc(modes, func(a, b modeInfo) int {
		return cmp.Or(
			-compareBools(fits(a), fits(b)),
			compareBools(interlaced(a), interlaced(b)),
			-compareBools(a.kind&modeTypePreferred != 0, b.kind&modeTypePreferred != 0),
			-cmp.Compare(int(a.hdisplay)*int(a.vdisplay), int(b.hdisplay)*int(b.vdisplay)),
			-cmp.Compare(a.vrefresh, b.vrefresh),
		)
	})
}

func fits(m modeInfo) bool {
	return m.hdisplay > 0 && m.vdisplay > 0 && m.hdisplay <= widest && m.vdisplay <= tallest
}

func interlaced(m modeInfo) bool { return m.flags&modeFlagInterlace != 0 }

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// pickCRTC picks the CRTC that drives the connector already, so that nothing
// flickers, or the first that can; 0 if none can.
func pickCRTC(c *card, conn connector, crtcs []uint32) (crtc uint32, index int, err error) {
	var possible uint32
	for _, id := range conn.encoders {
		enc, err := c.encoder(id)
		if err != nil {
			return 0, 0, fmt.Errorf("choosing a CRTC for connector %d: %w", conn.id, err)
		}
		possible |= enc.possibleCRTCs
		if i := slices.Index(crtcs, enc.crtc); id == conn.encoder && i >= 0 {
			return enc.crtc, i, nil
		}
	}
	for i, id := range crtcs {
		if i < 32 && possible&(1<<i) != 0 {
			return id, i, nil
		}
	}
	return 0, 0, nil
}
