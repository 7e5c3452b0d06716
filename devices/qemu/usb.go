package qemu

import "net"

// usbArguments makes a USB controller with a socket for every name.
func (vm *VM) usbArguments(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	args := []string{"-device", "qemu-xhci,id=redirected,p2=8,p3=8"}
	for _, name := range names {
		args = append(args,
			"-chardev", "socket,id=usb-"+name+",path="+vm.path("usb-"+name)+",server=on,wait=off",
			"-device", "usb-redir,bus=redirected.0,id="+name+",chardev=usb-"+name)
	}
	return args
}

// USB reaches into one of the machine's USB sockets: whoever speaks usbredir over
// the connection, as devices/sim/usbredir does, plugs a device in, and pulls it out
// by closing it. Nothing else may be plugged in there at the time.
func (vm *VM) USB(name string) net.Conn {
	vm.t.Helper()
	return vm.dial("usb-" + name)
}
