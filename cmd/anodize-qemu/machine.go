package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"anodize/devices/qemu/qmp"
)

// Firmware of Debian's package ovmf.
const (
	firmware  = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// The USB sockets that simulated devices are plugged into.
const (
	driveSocket = "drive"
	hsmSockets  = 3
)

func hsmSocket(i int) string { return fmt.Sprintf("hsm%d", i) }

// machine is QEMU while it runs.
type machine struct {
	dir    string // of its sockets
	cmd    *exec.Cmd
	qmp    *qmp.Client
	exited chan struct{}
}

// start switches a machine on, with nothing on its table but the medium to boot from.
func start(o options) (*machine, error) {
	// A Unix socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", "anodize-qemu")
	if err != nil {
		return nil, err
	}
	m := &machine{dir: dir, exited: make(chan struct{})}
	if err := m.start(o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return m, nil
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

func (m *machine) start(o options) error {
	vars, err := os.ReadFile(variables)
	if err != nil {
		return fmt.Errorf("the firmware (Debian: ovmf): %w", err)
	}
	if err := os.WriteFile(m.path("vars"), vars, 0o600); err != nil {
		return err
	}
	args := []string{
		"-name", "Anodize", "-machine", "q35", "-accel", "tcg,thread=multi", "-smp", "2", "-cpu", "max", "-m", fmt.Sprint(o.memory),
		"-nodefaults", "-no-user-config", "-display", o.display, "-no-reboot", "-nic", "none",
		"-drive", "if=pflash,format=raw,readonly=on,file=" + firmware,
		"-drive", "if=pflash,format=raw,file=" + m.path("vars"),
		"-device", fmt.Sprintf("VGA,xres=%d,yres=%d", o.width, o.height),
		"-device", "qemu-xhci,id=usb,p2=8,p3=8", "-device", "usb-tablet,bus=usb.0", "-device", "usb-kbd,bus=usb.0",
		"-device", "qemu-xhci,id=table,p2=8,p3=8",
		"-drive", "if=none,id=boot,format=raw,readonly=on,file=" + o.image, "-device", "usb-storage,bus=usb.0,id=boot,drive=boot,removable=on,bootindex=0",
		"-chardev", "socket,id=qmp,path=" + m.path("qmp") + ",server=on,wait=off", "-mon", "chardev=qmp,mode=control",
		"-serial", "file:" + filepath.Join(o.dir, "console.txt"),
	}
	sockets := []string{driveSocket}
	for i := range hsmSockets {
		sockets = append(sockets, hsmSocket(i))
	}
	for _, name := range sockets {
		args = append(args, "-chardev", "socket,id="+name+",path="+m.path(name)+",server=on,wait=off",
			"-device", "usb-redir,bus=table.0,chardev="+name)
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	m.cmd = exec.Command("qemu-system-x86_64", args...)
	m.cmd.Stderr = os.Stderr
	if err := m.cmd.Start(); err != nil {
		return fmt.Errorf("starting QEMU (Debian: qemu-system-x86, qemu-system-gui): %w", err)
	}
	go func() {
		_ = m.cmd.Wait() // how it ended says nothing that its messages have not said
		close(m.exited)
	}()
	conn, err := m.dial("qmp")
	if err == nil {
		m.qmp, err = qmp.New(conn)
	}
	if err != nil {
		m.kill()
	}
	return err
}

// dial connects to a socket that QEMU makes.
func (m *machine) dial(name string) (net.Conn, error) {
	for {
		conn, err := net.Dial("unix", m.path(name))
		if err == nil {
			return conn, nil
		}
		select {
		case <-m.exited:
			return nil, errors.New("QEMU ended at once")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (m *machine) kill() {
	_ = m.cmd.Process.Kill() // it may have ended by itself
	<-m.exited
}

func (m *machine) close() error {
	m.kill()
	return os.RemoveAll(m.dir)
}

// do runs a command of QEMU's machine protocol.
func (m *machine) do(command string, arguments map[string]any) error {
	_, err := m.qmp.Execute(command, arguments)
	return err
}

// press presses keys together, as qmp.Keys has them.
func (m *machine) press(name string) error {
	var keys []map[string]string
	for _, code := range qmp.Keys(name) {
		keys = append(keys, map[string]string{"type": "qcode", "data": code})
	}
	return m.do("send-key", map[string]any{"keys": keys})
}

// picture keeps the screen in a file, whole or not at all.
func (m *machine) picture(path string) error {
	part, err := filepath.Abs(path + ".part")
	if err != nil {
		return err
	}
	if err := m.do("screendump", map[string]any{"filename": part, "format": "png"}); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// plugStick plugs an image file in as a stick.
func (m *machine) plugStick(path string) error {
	if err := m.do("blockdev-add", map[string]any{
		"node-name": "stick", "driver": "raw", "file": map[string]any{"driver": "file", "filename": path},
	}); err != nil {
		return err
	}
	return m.do("device_add", map[string]any{"driver": "usb-storage", "bus": "usb.0", "id": "stick", "drive": "stick", "removable": true})
}

// unplug takes out what QEMU itself plugged in.
func (m *machine) unplug(id string) error {
	if err := m.do("device_del", map[string]any{"id": id}); err != nil {
		return err
	}
	if err := m.qmp.WaitDeleted(id); err != nil || id != "stick" {
		return err
	}
	return m.do("blockdev-del", map[string]any{"node-name": "stick"})
}
