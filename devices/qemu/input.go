package qemu

import "anodize/devices/qemu/qmp"

// absolute is the range of QEMU's absolute axes, both ends included.
const absolute = 0x7fff

// input is one event of QEMU's input-send-event.
type input struct {
	Type string         `json:"type"`
	Data map[string]any `json:"data"`
}

func (vm *VM) input(events ...input) {
	vm.t.Helper()
	vm.Execute("input-send-event", map[string]any{"events": events})
}

// key is a key under QEMU's name for it (QKeyCode: "a", "ret", "shift", "dot"…).
func key(code string, down bool) input {
	return input{"key", map[string]any{"down": down, "key": map[string]string{"type": "qcode", "data": code}}}
}

// Key presses or releases a key.
func (vm *VM) Key(code string, down bool) {
	vm.t.Helper()
	vm.input(key(code, down))
}

// Type presses keys one after the other, and releases them in reverse: "shift",
// "a" gives an "A". All of it is one command: a key that a busy host held down for
// long would repeat itself.
func (vm *VM) Type(codes ...string) {
	vm.t.Helper()
	var events []input
	for _, c := range codes {
		events = append(events, key(c, true))
	}
	for i := len(codes) - 1; i >= 0; i-- {
		events = append(events, key(codes[i], false))
	}
	vm.input(events...)
}

// Press presses and releases keys, one after the other, as qmp.Keys has them: "Enter",
// "F2", "a", "A". A keyboard of QEMU's remembers 16 strokes at least, up and down, that
// the machine has not read yet.
func (vm *VM) Press(names ...string) {
	vm.t.Helper()
	for _, name := range names {
		vm.Type(qmp.Keys(name)...)
	}
}

// PointTo moves the absolute pointer; x and y are fractions of the screen, 0 to 1.
func (vm *VM) PointTo(x, y float64) {
	vm.t.Helper()
	vm.input(
		input{"abs", map[string]any{"axis": "x", "value": int(x * absolute)}},
		input{"abs", map[string]any{"axis": "y", "value": int(y * absolute)}})
}

// MoveBy moves the relative pointer by counts.
func (vm *VM) MoveBy(dx, dy int) {
	vm.t.Helper()
	vm.input(
		input{"rel", map[string]any{"axis": "x", "value": dx}},
		input{"rel", map[string]any{"axis": "y", "value": dy}})
}

// Button presses or releases a button: "left", "middle", "right", "wheel-up"…
func (vm *VM) Button(name string, down bool) {
	vm.t.Helper()
	vm.input(input{"btn", map[string]any{"down": down, "button": name}})
}
