// Package evdev reads what people do with their hands: keyboards, touchscreens,
// mice, graphic tablets and touchpads, through Linux's event devices.
//
// It guarantees that every key, touch and movement on any such device, whether it
// is there now or plugged in later, arrives as one of a few events, and that they
// make sense: what is released was pressed, a finger that lifts was down, and
// neither stays down when a device is pulled out, another terminal is switched to
// or the kernel's queue overflows. A device that cannot be read is reported, not
// passed over. Nobody else reads along (EVIOCGRAB).
//
// What a key types is the business of a Layout, a file in layouts/ (see Parse).
// A key that is held down repeats if it types something or moves a cursor; Enter,
// Space and the function keys never do, so that nothing is confirmed twice by a
// heavy hand. The kernel makes the repeats: half a second, then thirty a second.
//
// The kernel's interface is that of include/uapi/linux/input.h and
// input-event-codes.h, and of Documentation/input/multi-touch-protocol.rst; type B
// is understood, and single touch. Devices are found with inotify, since the
// ceremony's kernel has no network sockets for udev to speak over.
package evdev
