// Package sim holds the devices of a ceremony, simulated at their protocol, so
// that a rehearsal or a test runs the production code from the screen down to
// the bytes on the bus.
//
// It guarantees that a simulated device is stricter than a real one. Whatever a
// standard forbids, or leaves to the device, is refused with the sense data or
// status that the standard gives for it: a write anywhere but the next writable
// address, a parameter page that the medium does not have, a transfer of the
// wrong size, a session closed out of order. What is not yet on the medium is
// lost when the power goes. Code that satisfies these models has not been
// spoilt by a lenient one.
//
// The models share no code and no constant with the drivers in core, on
// purpose: a model built from the driver's own idea of the protocol would
// agree with every mistake in it.
//
//   - Drive is an optical drive at the command descriptor block (MMC-5, SPC-3),
//     Disc the medium in it, with its tracks and sessions.
//   - Stick is a USB stick with a file tree in a directory of the host.
//   - The YubiHSM 2 is simulated at its USB frames.
//
// Each has a trace, called in the order in which things happened, and faults
// that a test sets: they fire at a place that the test names, never at random.
// Package usbredir plugs drive and HSM into a virtual machine.
package sim
