// Package qemu boots a program as the only process of a virtual machine, so that
// a test can drive the real kernel's devices. It is for tests alone: every
// function takes the test and fails it when something cannot be done.
//
// It guarantees that a test sees what a person at the machine would: the screen
// as QEMU shows it, keys and fingers as QEMU's devices send them, devices that
// are plugged in and pulled out. Nothing is measured against a clock; what is
// waited for has minutes to happen, since the machine is emulated (TCG).
//
// A machine is a kernel (by default Debian's, see DebianKernel), the modules that
// a test names with what they depend on, and one static program. The program
// talks to the test over its second serial port, /dev/ttyS1, a line at a time;
// its standard output is the kernel's console and becomes part of VM.Log.
//
// Programs of other people run there too, with the libraries that they name; and
// simulated devices are plugged into the USB sockets that a test asks for. A machine
// may also be given an image, which its firmware boots as it is: see Image.
//
// Needed of Debian: qemu-system-x86, and apt and dpkg for the kernel; ovmf for images.
package qemu
