package main

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"anodize/devices/sim"
)

// act is one thing that reached a device.
type act struct {
	kind    actKind
	address uint32 // of a write or read, in sectors
	blocks  uint32
	command byte   // of the HSM, the one inside a session message
	file    string // on the stick
}

type actKind int

const (
	discWrite actKind = iota
	discClose         // CLOSE SESSION
	discRead
	hsmCommand
	stickWrite
)

// ledger is the order in which acts reached the devices.
type ledger struct {
	mu   sync.Mutex
	acts []act
}

// watch records everything that reaches a room's devices from now on.
func watch(r *room) *ledger {
	l := &ledger{}
	add := func(a act) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.acts = append(l.acts, a)
	}
	r.drive.SetTrace(func(e sim.DriveExchange) {
		at := func() (uint32, uint32) {
			return binary.BigEndian.Uint32(e.CDB[2:]), uint32(binary.BigEndian.Uint16(e.CDB[7:]))
		}
		switch e.CDB[0] {
		case 0x2A: // WRITE(10)
			address, blocks := at()
			add(act{kind: discWrite, address: address, blocks: blocks})
		case 0x28: // READ(10)
			address, blocks := at()
			add(act{kind: discRead, address: address, blocks: blocks})
		case 0x5B: // CLOSE TRACK SESSION
			if e.CDB[2]&7 == 2 {
				add(act{kind: discClose})
			}
		}
	})
	trace := func(f sim.HSMFrame) {
		command := f.Command
		if f.Inner != 0 {
			command = f.Inner
		}
		add(act{kind: hsmCommand, command: command})
	}
	r.hsm.Trace, r.hsm2.Trace = trace, trace
	r.stick.SetTrace(func(o sim.StickOperation) {
		if o.Step == sim.StickCreate || o.Step == sim.StickWrite || o.Step == sim.StickRename {
			add(act{kind: stickWrite, file: o.Name})
		}
	})
	return l
}

// ofHSM lists the HSM's commands but for those that ask who it is.
func (l *ledger) ofHSM() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var commands []byte
	for _, a := range l.acts {
		if a.kind == hsmCommand && a.command != cmdDeviceInfo {
			commands = append(commands, a.command)
		}
	}
	return commands
}

// The HSM's commands that the order is about (YubiHSM 2 command reference).
const (
	cmdDeviceInfo = 0x06
	cmdReset      = 0x08
	cmdGenerate   = 0x46
	cmdSignECDSA  = 0x56
	cmdExport     = 0x4A // EXPORT WRAPPED
	cmdImport     = 0x4B // IMPORT WRAPPED
	cmdPutWrapKey = 0x4C
	cmdDelete     = 0x58 // DELETE OBJECT
	cmdChangeKey  = 0x6C // CHANGE AUTHENTICATION KEY
)

// broken says where a ledger breaks invariants 1 and 2: disc before stick, and
// the intent before the HSM. directories name the sessions by first sector.
func broken(acts []act, directories map[uint32]string) error {
	var (
		last    string          // directory of the newest session that was read back
		open    string          // of the one being written
		pending map[uint32]bool // its sectors that were not read back
		closed  bool
	)
	for i, a := range acts {
		where := func(what string) error {
			return fmt.Errorf("act %d: %s; the newest session on the disc and read back is %q, %d sectors are not read back", i, what, last, len(pending))
		}
		switch a.kind {
		case discWrite:
			if name, ok := directories[a.address]; ok && len(pending) == 0 {
				open, pending, closed = name, map[uint32]bool{}, false
			}
			if pending == nil {
				return where(fmt.Sprintf("sector %d is written outside a session", a.address))
			}
			for n := range a.blocks {
				pending[a.address+n] = true
			}
		case discClose:
			closed = true
		case discRead:
			if !closed {
				continue // the disc is read before the burn too
			}
			for n := range a.blocks {
				delete(pending, a.address+n)
			}
			if pending != nil && len(pending) == 0 {
				last, pending = open, nil
			}
		case hsmCommand:
			if a.command == cmdDeviceInfo {
				continue // needs no session and uses nothing
			}
			if pending != nil || last == "" {
				return where(fmt.Sprintf("HSM command %02Xh", a.command))
			}
			if err := mayRun(a.command, last); err != nil {
				return where(err.Error())
			}
		case stickWrite:
			if pending != nil || last == "" || strings.Contains(last, "-") {
				return where("writing " + a.file + " to the stick")
			}
		}
	}
	return nil
}

// mayRun says whether an HSM command may follow the session called last, which is
// followed by the operation's name if that has no key operation of its own.
func mayRun(command byte, last string) error {
	name, operation, _ := strings.Cut(last, " ")
	intent, commit := strings.HasSuffix(name, "-intent"), strings.HasSuffix(name, "-commit")
	switch command {
	case cmdReset:
		if !commit && !(intent && operation == "key-backup") {
			return fmt.Errorf("HSM command %02Xh without a commit session, or the intent of a backup", command)
		}
	case cmdGenerate:
		if !commit {
			return fmt.Errorf("HSM command %02Xh without a commit session", command)
		}
	case cmdChangeKey:
		if !commit && !(intent && operation == "update-hsm") {
			return fmt.Errorf("HSM command %02Xh without a commit session, or the intent of an update", command)
		}
	case cmdExport, cmdImport, cmdPutWrapKey:
		if !intent || operation != "key-backup" {
			return fmt.Errorf("HSM command %02Xh without the intent of a backup", command)
		}
	case cmdSignECDSA:
		if !commit && !intent {
			return fmt.Errorf("HSM command %02Xh without an intent", command)
		}
	}
	return nil
}
