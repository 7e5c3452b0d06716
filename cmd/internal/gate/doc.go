// Package gate is the conversation of the kiosk, which has no privileges, with the
// sentinel, which has them all: over two pipes, for a kernel without sockets.
//
// It guarantees that the kiosk can ask for the things below and for nothing else,
// one at a time, and that neither side reads a longer line than it has room for. A
// request that is none of them ends the conversation.
//
// A request is a line of at most 128 bytes, words with one space between them:
//
//	look                     what the machine says of itself
//	mount-stick NAME ro|rw   mount a place that may be the stick; answers with its folder
//	unmount-stick            unmount it
//	set-clock TIME           set both clocks; RFC 3339, in UTC
//	power-off                end everything, and switch the machine off
//	reboot                   end everything, and start the machine again
//
// The answer is a line of at most 1 MiB: "ok" or "failed ERRNO", and a text in
// quotation marks with escapes of Go's in ASCII. ERRNO is the kernel's number in
// decimal, 0 if the kernel has not failed.
package gate

// The kiosk's ends of the two pipes, as it inherits them.
const (
	RequestsFD = 3 // it writes
	AnswersFD  = 4 // it reads
)
