package qemu

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"anodize/devices/qemu/qmp"
)

// patience is how long anything may take. It ends a test that would hang.
const patience = 3 * time.Minute

// Display is the graphics adapter of a machine. The zero value is none.
type Display uint8

const (
	NoDisplay Display = iota
	Bochs             // the standard VGA, driven by bochs
	VirtioGPU         // virtio-vga, driven by virtio-gpu
	RAMFB             // memory that the firmware draws to, driven by simpledrm
)

// modules are what a machine needs besides its program's own wishes.
func (d Display) modules() []string {
	return [...][]string{NoDisplay: nil, Bochs: {"bochs"}, VirtioGPU: {"virtio_pci", "virtio-gpu"}, RAMFB: nil}[d]
}

func (d Display) arguments() []string {
	return [...][]string{
		NoDisplay: {"-vga", "none"},
		Bochs:     {"-vga", "std"},
		VirtioGPU: {"-vga", "none", "-device", "virtio-vga,id=gpu"},
		RAMFB:     {"-vga", "none", "-device", "ramfb"},
	}[d]
}

// Options says what machine to boot: an image as it is, or a kernel with a program.
type Options struct {
	Image  *Image // not nil: Kernel, Program, Args, Modules and Files are not looked at
	Memory int    // MiB; 0: 512

	Kernel  *Kernel  // nil: Debian's
	Program string   // a static binary; it becomes PID 1
	Args    []string // the program's
	Modules []string // to load before it, in this order; what they depend on comes along
	Display Display
	Devices []string          // values of -device
	Files   map[string]string // more files: path in the machine to path on the host
	Install []string          // programs that are installed here, into /usr/bin with their libraries
	USB     []string          // names of USB sockets, see VM.USB; they are on a controller of their own
	Extra   []string          // more of QEMU's arguments
}

// VM is a running machine. It is stopped when the test ends. Its methods fail the
// test, and show the console, if the machine does not do as told.
type VM struct {
	t       testing.TB
	dir     string // of sockets and pictures
	cmd     *exec.Cmd
	qmp     *qmp.Client
	control net.Conn
	viewer  net.Conn    // see Resize; nil before
	lines   chan string // from the control port
	exited  chan struct{}

	mu  sync.Mutex
	log bytes.Buffer // the console, and what QEMU itself complained of
}

// Boot starts a machine. It returns before the program runs; use Expect.
func Boot(t testing.TB, o Options) *VM {
	t.Helper()
	// A Unix socket's path has at most 107 bytes, which t.TempDir exceeds.
	dir, err := os.MkdirTemp("", "vm")
	if err != nil {
		t.Fatal(err)
	}
	vm := &VM{t: t, dir: dir, lines: make(chan string, 256), exited: make(chan struct{})}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if o.Image != nil {
		vm.start(o.Image.arguments(vm), o)
		return vm
	}
	kernel := o.Kernel
	if kernel == nil {
		k := DebianKernel(t)
		kernel = &k
	}
	vm.initramfs(*kernel, o)
	vm.start(kernel.arguments(vm), o)
	return vm
}

// initramfs writes dir/initramfs.
func (vm *VM) initramfs(k Kernel, o Options) {
	vm.t.Helper()
	a := newArchive()
	var list strings.Builder
	if k.Modules != "" {
		files, err := loadOrder(k.Modules, append(o.Display.modules(), o.Modules...))
		if err != nil {
			vm.t.Fatal(err)
		}
		for _, f := range files {
			name := "modules/" + filepath.Base(f)
			a.file(name, vm.read(f))
			fmt.Fprintf(&list, "/%s\n", name)
		}
	}
	a.file("init", vm.read(Build(vm.t, "anodize/devices/qemu/loader")))
	a.file("modules.list", []byte(list.String()))
	a.file("program", vm.read(o.Program))
	a.file("program.args", []byte(strings.Join(o.Args, "\n")))
	files, err := programFiles(o.Install)
	if err != nil {
		vm.t.Fatal(err)
	}
	maps.Copy(files, o.Files)
	for name, from := range files {
		a.file(strings.TrimPrefix(name, "/"), vm.read(from))
	}
	if err := os.WriteFile(vm.path("initramfs"), a.close(), 0o600); err != nil {
		vm.t.Fatal(err)
	}
}

func (vm *VM) read(name string) []byte {
	vm.t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		vm.t.Fatalf("building the initramfs: %v", err)
	}
	return data
}

func (vm *VM) path(name string) string { return filepath.Join(vm.dir, name) }

// Build builds a Go package as a static binary and returns its path.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, text)
	}
	return out
}

// start runs QEMU with what boots.
func (vm *VM) start(boot []string, o Options) {
	vm.t.Helper()
	args := append(boot,
		"-accel", "tcg,thread=multi", "-smp", "2", "-cpu", "max", "-m", megabytes(o.Memory),
		"-nodefaults", "-no-user-config", "-display", "none",
		"-chardev", "socket,id=qmp,path="+vm.path("qmp")+",server=on,wait=off", "-mon", "chardev=qmp,mode=control",
		"-chardev", "socket,id=control,path="+vm.path("control")+",server=on,wait=off",
		"-serial", "stdio", "-serial", "chardev:control",
		"-vnc", "unix:"+vm.path("vnc"),
	)
	args = append(args, o.Display.arguments()...)
	for _, d := range o.Devices {
		args = append(args, "-device", d)
	}
	args = append(args, vm.usbArguments(o.USB)...)
	vm.cmd = exec.Command("qemu-system-x86_64", append(args, o.Extra...)...)
	vm.cmd.Stdout, vm.cmd.Stderr = vm, vm
	vm.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that is killed cleans nothing up
	if err := vm.cmd.Start(); err != nil {
		vm.t.Fatalf("starting QEMU: %v; install Debian's qemu-system-x86", err)
	}
	go func() {
		_ = vm.cmd.Wait() // a machine that ended is noticed by whoever waits for it
		close(vm.exited)
	}()
	vm.t.Cleanup(func() {
		_ = vm.cmd.Process.Kill()
		<-vm.exited
		if vm.t.Failed() {
			vm.t.Logf("the machine's console:\n%s", vm.Log())
		}
	})
	vm.control = vm.dial("control")
	go vm.listen()
	q, err := qmp.New(vm.dial("qmp"))
	if err != nil {
		vm.t.Fatalf("starting QEMU: %v", err)
	}
	vm.qmp = q
}

// dial connects to a socket that QEMU is about to make.
func (vm *VM) dial(name string) net.Conn {
	vm.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("unix", vm.path(name))
		if err == nil {
			vm.t.Cleanup(func() { conn.Close() })
			return conn
		}
		select {
		case <-vm.exited:
			vm.t.Fatalf("QEMU ended at once: %s", vm.Log())
		default:
		}
		if time.Now().After(end) {
			vm.t.Fatalf("connecting to QEMU: %v", err)
		}
	}
}

// Write takes what the console prints.
func (vm *VM) Write(p []byte) (int, error) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	return vm.log.Write(p)
}

// Log returns what the console has printed so far.
func (vm *VM) Log() string {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	return vm.log.String()
}

func (vm *VM) listen() {
	defer close(vm.lines)
	for r := bufio.NewReader(vm.control); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		vm.lines <- strings.TrimRight(line, "\r\n")
	}
}

// Await waits until the console has printed a text.
func (vm *VM) Await(text string) {
	vm.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(vm.Log(), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			vm.t.Fatalf("the console did not say %q for %v", text, patience)
		}
	}
}

// Send sends the program a line.
func (vm *VM) Send(line string) {
	vm.t.Helper()
	if _, err := io.WriteString(vm.control, line+"\n"); err != nil {
		vm.t.Fatalf("sending %q to the machine: %v", line, err)
	}
}

// Line returns the next line that the program sent.
func (vm *VM) Line() string {
	vm.t.Helper()
	select {
	case line, ok := <-vm.lines:
		if !ok {
			vm.t.Fatal("the machine ended while a line was waited for")
		}
		return line
	case <-time.After(patience):
		vm.t.Fatalf("the machine sent no line for %v", patience)
	}
	return ""
}

// Expect returns the next line of the program that begins with prefix, without it;
// the lines before are dropped. A line that begins with "FAIL" fails the test.
func (vm *VM) Expect(prefix string) string {
	vm.t.Helper()
	for {
		line := vm.Line()
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return rest
		}
		if strings.HasPrefix(line, "FAIL") {
			vm.t.Fatalf("waiting for %q, the machine said %q", prefix, line)
		}
	}
}

// Execute runs a command of QEMU's machine protocol.
func (vm *VM) Execute(command string, arguments any) json.RawMessage {
	vm.t.Helper()
	answer, err := vm.qmp.Execute(command, arguments)
	if err != nil {
		vm.t.Fatal(err)
	}
	return answer
}

// Plug adds a device: a driver of "-device", with an id and more properties.
func (vm *VM) Plug(driver, id string, properties map[string]any) {
	vm.t.Helper()
	arguments := map[string]any{"driver": driver, "id": id}
	for k, v := range properties {
		arguments[k] = v
	}
	vm.Execute("device_add", arguments)
}

// Unplug pulls a device out, and returns when it is gone.
func (vm *VM) Unplug(id string) {
	vm.t.Helper()
	vm.Execute("device_del", map[string]any{"id": id})
	if err := vm.qmp.WaitDeleted(id); err != nil {
		vm.t.Fatal(err)
	}
}

// PressPower presses the machine's power button, as the firmware's tables tell of it
// (ACPI specification, section 4.8.2.2).
func (vm *VM) PressPower() {
	vm.t.Helper()
	vm.Execute("system_powerdown", nil)
}

// AwaitOff returns when the machine has switched itself off.
func (vm *VM) AwaitOff() {
	vm.t.Helper()
	select {
	case <-vm.exited:
	case <-time.After(patience):
		vm.t.Fatalf("the machine is still on after %v", patience)
	}
}
