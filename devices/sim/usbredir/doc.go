// Package usbredir plugs simulated USB devices into a virtual machine, so that
// the guest's own drivers (usb-storage, sr, usbfs) carry out what a ceremony does
// with a drive or an HSM.
//
// It speaks the host's side of the usbredir protocol, version 0.7, to QEMU's
// device usb-redir. It guarantees that every transfer the guest asks for gets
// exactly one answer, in order on each endpoint, cancelled ones included; that
// nothing which comes over the connection can make it panic or allocate more than
// a transfer needs; and that a device can be pulled out at any moment: by the end
// of the context (the device says goodbye), or by closing the connection.
//
// A Device is what a descriptor says and what its endpoints carry. There are three:
// MassStorage, bulk-only transport before anything that takes SCSI commands
// (sim.Drive, or Stick, an image file as a block device), HSM, the endpoints of a
// YubiHSM 2, and Touchscreen, which reports a finger. The first two are as strict as
// real ones: a short answer halts the endpoint, a wrapper that is not valid halts both
// until a reset, and a message whose last packet is full ends with an empty one.
//
// Sources: usb-redirection-protocol.md of the usbredir project; USB 2.0
// chapters 5, 8 and 9; USB Mass Storage Class, Bulk-Only Transport 1.0; Device Class
// Definition for Human Interface Devices 1.11.
package usbredir
