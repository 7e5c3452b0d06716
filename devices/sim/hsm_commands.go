package sim

import "encoding/binary"

// hsmCall is one command under way.
type hsmCall struct {
	command        byte
	data           []byte
	session        *hsmSession // nil outside one
	target, second uint16      // the objects it concerns, for the log
}

// hsmCommand is what the device does for a command, once the length (exact, or
// a minimum), the session and its capabilities have been checked.
type hsmCommand struct {
	length  int
	atLeast bool
	plain   bool // also outside a session
	modern  bool // from firmware 2.4.0 on
	needs   hsmCaps
	run     func(*HSM, *hsmCall) ([]byte, hsmCode)
}

// hsmNew is the length of what every new object begins with: ID(2) ‖
// label(40) ‖ domains(2) ‖ capabilities(8) ‖ algorithm(1).
const hsmNew = 2 + hsmLabelSize + 2 + 8 + 1

// hsmCommands is every command that may travel inside a session; RESET and
// CLOSE SESSION take effect in sessionMessage, once they are answered.
var hsmCommands = map[byte]hsmCommand{
	hsmEcho:            {atLeast: true, plain: true, run: (*HSM).echo},
	hsmDeviceInfo:      {atLeast: true, plain: true, run: (*HSM).deviceInfo},
	hsmReset:           {needs: hsmCapReset, run: (*HSM).nothing},
	hsmCloseSession:    {run: (*HSM).nothing},
	hsmStorageInfo:     {run: (*HSM).storageInfo},
	hsmPutOpaque:       {length: hsmNew + 1, atLeast: true, needs: hsmCapPutOpaque, run: (*HSM).putOpaque},
	hsmGetOpaque:       {length: 2, needs: hsmCapGetOpaque, run: (*HSM).getOpaque},
	hsmPutAuthKey:      {length: hsmNew + 8 + hsmAuthKeySize, needs: hsmCapPutAuthKey, run: (*HSM).putAuthKey},
	hsmPutAsymmetric:   {length: hsmNew + 32, atLeast: true, needs: hsmCapPutAsymmetric, run: (*HSM).putAsymmetric},
	hsmGenAsymmetric:   {length: hsmNew, needs: hsmCapGenAsymmetric, run: (*HSM).generateAsymmetric},
	hsmSignPKCS1:       {length: 2, atLeast: true, needs: hsmCapSignPKCS, run: (*HSM).signPKCS1},
	hsmListObjects:     {atLeast: true, run: (*HSM).listObjects},
	hsmExportWrapped:   {length: 5, atLeast: true, needs: hsmCapExportWrapped, run: (*HSM).exportWrapped},
	hsmImportWrapped:   {length: 2 + hsmNonceSize + hsmTagSize, atLeast: true, needs: hsmCapImportWrapped, run: (*HSM).importWrapped},
	hsmPutWrapKey:      {length: hsmNew + 8 + 16, atLeast: true, needs: hsmCapPutWrapKey, run: (*HSM).putWrapKey},
	hsmGetLog:          {needs: hsmCapGetLog, run: (*HSM).getLog},
	hsmObjectInfo:      {length: 3, run: (*HSM).objectInfo},
	hsmSetOption:       {length: 3, atLeast: true, needs: hsmCapSetOption, run: (*HSM).setOption},
	hsmGetOption:       {length: 1, needs: hsmCapGetOption, run: (*HSM).getOption},
	hsmPseudoRandom:    {length: 2, needs: hsmCapPseudoRandom, run: (*HSM).pseudoRandom},
	hsmGetPublicKey:    {length: 2, atLeast: true, run: (*HSM).getPublicKey},
	hsmSignPSS:         {length: 5, atLeast: true, needs: hsmCapSignPSS, run: (*HSM).signPSS},
	hsmSignECDSA:       {length: 2, atLeast: true, needs: hsmCapSignECDSA, run: (*HSM).signECDSA},
	hsmDeleteObject:    {length: 3, run: (*HSM).deleteObject},
	hsmGenWrapKey:      {length: hsmNew + 8, needs: hsmCapGenWrapKey, run: (*HSM).generateWrapKey},
	hsmSignAttestation: {length: 4, needs: hsmCapAttest, run: (*HSM).signAttestation},
	hsmSetLogIndex:     {length: 2, needs: hsmCapGetLog, run: (*HSM).setLogIndex},
	hsmSignEdDSA:       {length: 2, atLeast: true, needs: hsmCapSignEdDSA, run: (*HSM).signEdDSA},
	hsmBlink:           {length: 1, run: (*HSM).nothing},
	hsmPutPublicWrap:   {length: hsmNew + 8 + 256, atLeast: true, modern: true, needs: hsmCapPutPublicWrap, run: (*HSM).putPublicWrapKey},
	hsmGetRSAWrapped:   {length: 8, atLeast: true, modern: true, needs: hsmCapExportWrapped, run: (*HSM).getRSAWrappedKey},
	hsmPutRSAWrapped:   {length: 3 + hsmNew + 2, atLeast: true, modern: true, needs: hsmCapImportWrapped, run: (*HSM).putRSAWrappedKey},
	hsmExportRSA:       {length: 8, atLeast: true, modern: true, needs: hsmCapExportWrapped, run: (*HSM).exportRSAWrapped},
	hsmImportRSA:       {length: 4, atLeast: true, modern: true, needs: hsmCapImportWrapped, run: (*HSM).importRSAWrapped},
	hsmChangeAuthKey:   {length: 3 + hsmAuthKeySize, needs: hsmCapChangeAuthKey, run: (*HSM).changeAuthKey},
}

// execute runs one command, inside a session or (session nil) outside, and logs it.
func (h *HSM) execute(command byte, data []byte, session *hsmSession) ([]byte, hsmCode) {
	call := &hsmCall{command: command, data: data, session: session, target: hsmNobody, second: hsmNobody}
	if h.logRefuses(command) {
		return nil, hsmLogFull
	}
	answer, code := h.judge(call)
	if code == hsmOK && session != nil && len(answer) > h.maxInner() {
		code = hsmWrongLength
	}
	if code != hsmOK {
		answer = nil
	}
	key := hsmNobody
	if session != nil {
		key = session.authKey
	}
	h.frame.Target, h.frame.Second = call.target, call.second
	h.logCommand(call, key, code)
	return answer, code
}

// maxInner is the longest data of a command inside a session: the outer
// header, the session, the MAC, the inner header and one byte of padding cost
// the rest, and the whole is a number of cipher blocks.
func (h *HSM) maxInner() int {
	sealed := (h.maxMessage() - hsmHeader - 1 - hsmMACSize) / hsmBlock * hsmBlock
	return sealed - hsmHeader - 1
}

func (h *HSM) judge(call *hsmCall) ([]byte, hsmCode) {
	c, known := hsmCommands[call.command]
	switch {
	case !known || call.session == nil && !c.plain || c.modern && !h.state.modern():
		return nil, hsmInvalidCommand
	case len(call.data) < c.length || !c.atLeast && len(call.data) != c.length:
		return nil, hsmWrongLength
	case call.session != nil && !c.needs.within(call.session.capabilities):
		return nil, hsmNotPermitted
	}
	return c.run(h, call)
}

func (h *HSM) nothing(*hsmCall) ([]byte, hsmCode) { return nil, hsmOK }

func (h *HSM) echo(call *hsmCall) ([]byte, hsmCode) { return call.data, hsmOK }

// deviceInfo: version(3) ‖ serial(4) ‖ log size(1) ‖ log used(1) ‖ algorithms.
//
// From firmware 2.4.0 on the command may carry a page(1): 0 is the same, 1 the
// chip's part number in ASCII (libyubihsm, yh_util_get_partnumber).
func (h *HSM) deviceInfo(call *hsmCall) ([]byte, hsmCode) {
	if len(call.data) > 0 {
		switch {
		case len(call.data) > 1 || !h.state.modern():
			return nil, hsmWrongLength
		case call.data[0] == 1:
			return []byte(hsmPartNumber), hsmOK
		case call.data[0] != 0:
			return nil, hsmInvalidData
		}
	}
	out := append([]byte(nil), h.state.Firmware[:]...)
	out = binary.BigEndian.AppendUint32(out, h.state.Serial)
	out = append(out, hsmLogSize, byte(len(h.state.Log)))
	for _, algorithm := range hsmAlgorithms {
		if h.enabled(algorithm) {
			out = append(out, algorithm)
		}
	}
	return out, hsmOK
}

// hsmPartNumber is no chip's.
const hsmPartNumber = "SIMULATED-00"

// pseudoRandom: count(2) → bytes.
func (h *HSM) pseudoRandom(call *hsmCall) ([]byte, hsmCode) {
	n := int(binary.BigEndian.Uint16(call.data))
	if n > h.maxInner() {
		return nil, hsmInvalidData
	}
	return h.randomBytes(n), hsmOK
}
