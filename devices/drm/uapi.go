//lint:file-ignore U1000 the kernel's structures have members that this package does not use

package drm

// The numbers and structures of include/uapi/drm/drm.h and drm_mode.h, for 64-bit
// machines. TestStructuresAreTheKernels compares them with the C headers.

const (
	ioctlGetCap       = 0xc010640c
	ioctlSetMaster    = 0x641e
	ioctlDropMaster   = 0x641f
	ioctlWaitVblank   = 0xc018643a
	ioctlGetResources = 0xc04064a0
	ioctlGetCRTC      = 0xc06864a1
	ioctlSetCRTC      = 0xc06864a2
	ioctlGetEncoder   = 0xc01464a6
	ioctlGetConnector = 0xc05064a7
	ioctlRemoveFB     = 0xc00464af
	ioctlPageFlip     = 0xc01864b0
	ioctlDirtyFB      = 0xc01864b1
	ioctlCreateDumb   = 0xc02064b2
	ioctlMapDumb      = 0xc01064b3
	ioctlDestroyDumb  = 0xc00464b4
	ioctlAddFB2       = 0xc06864b8
)

const (
	capDumbBuffer       = 1
	capDumbPreferShadow = 4

	connectionConnected    = 1
	connectionDisconnected = 2
	connectionUnknown      = 3

	modeTypePreferred = 1 << 3
	modeFlagInterlace = 1 << 4

	pageFlipEvent     = 1
	eventFlipComplete = 2
	vblankRelative    = 1 // of drm_vblank_seq_type; 0 would be absolute
	vblankHighShift   = 1 // where its field for the CRTC begins
	maxDirtyClips     = 256
)

// Connector types that matter here.
const (
	connectorUnknown   = 0
	connectorLVDS      = 7
	connectorEDP       = 14
	connectorVirtual   = 15
	connectorDSI       = 16
	connectorDPI       = 17
	connectorWriteback = 18
)

type getCap struct {
	capability uint64
	value      uint64
}

type cardResources struct {
	fbs, crtcs, connectors, encoders uint64 // addresses of uint32s
	countFBs, countCRTCs             uint32
	countConnectors, countEncoders   uint32
	minWidth, maxWidth               uint32
	minHeight, maxHeight             uint32
}

// modeInfo is comparable: two equal values are the same mode.
type modeInfo struct {
	clock                                         uint32 // kHz
	hdisplay, hsyncStart, hsyncEnd, htotal, hskew uint16
	vdisplay, vsyncStart, vsyncEnd, vtotal, vscan uint16
	vrefresh                                      uint32 // Hz
	flags                                         uint32
	kind                                          uint32
	name                                          [32]byte
}

type crtcState struct {
	connectors      uint64 // address of uint32s
	countConnectors uint32
	id, fb          uint32
	x, y            uint32
	gammaSize       uint32
	modeValid       uint32
	mode            modeInfo
}

type getEncoder struct {
	id, kind, crtc, possibleCRTCs, possibleClones uint32
}

type getConnector struct {
	encoders, modes, props, propValues      uint64 // addresses
	countModes, countProps, countEncoders   uint32
	encoder                                 uint32 // the one in use
	id, kind, kindID                        uint32
	connection, mmWidth, mmHeight, subpixel uint32
	_                                       uint32
}

type framebuffer struct {
	id, width, height uint32
	format            uint32 // fourcc
	flags             uint32
	handles           [4]uint32
	pitches           [4]uint32
	offsets           [4]uint32
	modifiers         [4]uint64
}

type pageFlip struct {
	crtc, fb, flags, _ uint32
	userData           uint64
}

type dirtyFB struct {
	fb, flags, color, countClips uint32
	clips                        uint64 // address of clipRects
}

type clipRect struct{ x1, y1, x2, y2 uint16 }

type createDumb struct {
	height, width, bpp, flags uint32
	handle, pitch             uint32
	size                      uint64
}

type mapDumb struct {
	handle, _ uint32
	offset    uint64
}

// waitVblank is a union: a request has no more than signal, a reply has all.
type waitVblank struct {
	kind, sequence uint32
	signal, _      uint64
}

// eventHeader begins what is read from a card.
type eventHeader struct{ kind, length uint32 }
