// Package drm shows pictures on the machine's screen through Linux's kernel mode
// setting, with no library in between.
//
// It guarantees that what is presented is shown, and goes on being shown, whatever
// happens to the display: an output pulled out and plugged in again, another
// preferred mode, another program that takes the display for a while, a switch to
// another virtual terminal, a driver that replaces the firmware's. It never shows
// half a frame of its own making. And it guarantees that the console comes back:
// Close restores the mode and the terminal, and may be deferred, so that it does
// so when the program panics.
//
// A Screen is one output in its preferred mode, and memory to paint on. Painting
// needs no knowledge of the driver:
//
//   - Where the driver copies what DIRTYFB tells it (simpledrm, virtio-gpu), the
//     memory is the frame buffer itself, and a frame costs its damage alone.
//   - Where the hardware reads the frame buffer, the memory is a shadow in ordinary
//     memory, since reading video memory is slow; Present copies the damage into
//     the buffer that is not shown, and flips. Without page flips it copies into
//     the one that is.
//   - Where the display takes 16 bits a pixel only, Present also converts.
//
// The kernel's interface is that of include/uapi/drm/drm.h and drm_mode.h. The
// legacy calls are used, not the atomic ones: every driver has them.
package drm
