package disc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Operation codes (MMC-5 section 6, SPC-4 section 6).
const (
	opTestUnitReady    = 0x00
	opInquiry          = 0x12
	opStartStop        = 0x1B
	opPreventAllow     = 0x1E
	opRead10           = 0x28
	opWrite10          = 0x2A
	opSynchronizeCache = 0x35
	opGetConfiguration = 0x46
	opDiscInformation  = 0x51
	opTrackInformation = 0x52
	opModeSelect10     = 0x55
	opCloseTrack       = 0x5B
)

// How long a drive may take to answer, and how long it may say that it is busy.
// Closing a BD-R can take minutes.
const (
	queryTimeout  = 30 * time.Second
	recordTimeout = 200 * time.Second
	queryPatience = 90 * time.Second // a cold USB drive spins up in tens of seconds
	closePatience = 20 * time.Minute
)

// Pauses between two polls of a busy drive.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// command is one command and the patience that it deserves.
type command struct {
	name     string
	cdb      []byte
	timeout  time.Duration
	patience time.Duration
	busy     func(progress uint16) // called while the drive asks to wait; may be nil
}

func query(name string, cdb ...byte) command {
	return command{name: name, cdb: cdb, timeout: queryTimeout, patience: queryPatience}
}

func testUnitReady() command {
	return query("TEST UNIT READY", opTestUnitReady, 0, 0, 0, 0, 0)
}

func inquiry(length byte) command {
	return query("INQUIRY", opInquiry, 0, 0, 0, length, 0)
}

// getConfiguration asks for one feature, whose header names the current profile.
func getConfiguration(feature, length uint16) command {
	return query("GET CONFIGURATION", opGetConfiguration, 2, byte(feature>>8), byte(feature), 0, 0, 0, byte(length>>8), byte(length), 0)
}

func readDiscInformation(length byte) command {
	return query("READ DISC INFORMATION", opDiscInformation, 0, 0, 0, 0, 0, 0, 0, length, 0)
}

// readTrackInformation asks for a track by its number.
func readTrackInformation(track uint32, length byte) command {
	c := query(fmt.Sprintf("READ TRACK INFORMATION of track %d", track), opTrackInformation, 1, 0, 0, 0, 0, 0, 0, length, 0)
	binary.BigEndian.PutUint32(c.cdb[2:], track)
	return c
}

func preventRemoval(prevent bool) command {
	if prevent {
		return query("PREVENT MEDIUM REMOVAL", opPreventAllow, 0, 0, 0, 1, 0)
	}
	return query("ALLOW MEDIUM REMOVAL", opPreventAllow, 0, 0, 0, 0, 0)
}

// startStop moves the tray: start loads, its opposite ejects.
func startStop(start bool) command {
	if start {
		return query("START UNIT", opStartStop, 0, 0, 0, 3, 0)
	}
	return query("STOP UNIT", opStartStop, 0, 0, 0, 2, 0)
}

// read10 reads; from the medium and not from the drive's cache if it must (FUA).
func read10(sector uint32, count uint16, medium bool) command {
	c := query(fmt.Sprintf("READ of %d sectors at %d", count, sector), opRead10, 0, 0, 0, 0, 0, 0, byte(count>>8), byte(count), 0)
	binary.BigEndian.PutUint32(c.cdb[2:], sector)
	if medium {
		c.cdb[1] = forceUnitAccess
	}
	return c
}

const forceUnitAccess = 0x08 // MMC-5 section 6.15.2

func write10(sector uint32, count uint16) command {
	c := query(fmt.Sprintf("WRITE of %d sectors at %d", count, sector), opWrite10, 0, 0, 0, 0, 0, 0, byte(count>>8), byte(count), 0)
	binary.BigEndian.PutUint32(c.cdb[2:], sector)
	c.timeout = recordTimeout
	c.patience = closePatience
	return c
}

func modeSelect(length uint16) command {
	return query("MODE SELECT", opModeSelect10, 0x10, 0, 0, 0, 0, 0, byte(length>>8), byte(length), 0)
}

// synchronizeCache answers at once (Immed); the end of it is polled for.
func synchronizeCache() command {
	c := query("SYNCHRONIZE CACHE", opSynchronizeCache, 2, 0, 0, 0, 0, 0, 0, 0, 0)
	c.timeout, c.patience = recordTimeout, closePatience
	return c
}

// Functions of CLOSE TRACK SESSION (MMC-5 section 6.3.3).
const (
	closeTrack   = 1
	closeSession = 2
	finalizeDVD  = 5 // DVD+R
	finalizeBD   = 6
)

// closeTrackSession answers at once (Immed); the end of it is polled for.
func closeTrackSession(function byte, track uint16) command {
	name := "CLOSE SESSION"
	switch function {
	case closeTrack:
		name = fmt.Sprintf("CLOSE TRACK %d", track)
	case finalizeDVD, finalizeBD:
		name = "FINALIZE"
	}
	if function != closeTrack {
		track = 0
	}
	c := query(name, opCloseTrack, 1, function, 0, byte(track>>8), byte(track), 0, 0, 0, 0)
	c.timeout, c.patience = recordTimeout, closePatience
	return c
}

// do sends a command, and sends it again for as long as the drive is busy and
// patience lasts. It never sends again what may have been carried out.
func (d *Drive) do(ctx context.Context, c command, out, in []byte) (int, error) {
	waited, pause := time.Duration(0), firstPause
	for {
		n, sense, err := d.t.Command(ctx, c.cdb, out, in, c.timeout)
		if err != nil {
			return 0, fmt.Errorf("no answer from the drive to %s: %w", c.name, err)
		}
		if n < 0 || n > len(in) {
			return 0, fmt.Errorf("the drive's answer to %s is said to be of %d bytes, and at most %d were asked for", c.name, n, len(in))
		}
		if sense == nil {
			return n, nil
		}
		s := parseSense(sense)
		switch {
		case s.Key == keyRecovered && !s.Deferred:
			return n, nil
		case !s.busy():
			return 0, &SenseError{Command: c.name, Sense: s}
		case waited >= c.patience:
			return 0, fmt.Errorf("the drive was not ready within %v: %w", c.patience, &SenseError{Command: c.name, Sense: s})
		}
		if c.busy != nil {
			c.busy(s.progress)
		}
		if err := d.sleep(ctx, pause); err != nil {
			return 0, fmt.Errorf("%s: %w", c.name, err)
		}
		waited += pause
		pause = min(2*pause, lastPause)
	}
}

// ask sends a query and requires at least want bytes of answer.
func (d *Drive) ask(ctx context.Context, c command, in []byte, want int) ([]byte, error) {
	n, err := d.do(ctx, c, nil, in)
	if err != nil {
		return nil, err
	}
	if n < want {
		return nil, fmt.Errorf("the drive's answer to %s is too short: %d bytes, where at least %d belong", c.name, n, want)
	}
	return in[:n], nil
}

// attentions bounds how many unit attentions may be pending at a time.
const attentions = 8

// waitReady polls until the drive is ready, and takes note of the unit
// attentions that it reports on the way. Whoever calls it must check the disc
// afterwards.
func (d *Drive) waitReady(ctx context.Context, patience time.Duration, busy func(uint16)) error {
	c := testUnitReady()
	c.patience, c.busy = patience, busy
	return d.insist(ctx, c)
}

// insist sends a command that does not depend on the disc, past the unit
// attentions that are pending.
func (d *Drive) insist(ctx context.Context, c command) error {
	var err error
	for range attentions {
		if _, err = d.do(ctx, c, nil, nil); !errors.Is(err, ErrMediumChanged) {
			return err
		}
	}
	return err
}

// sleep waits for t or until ctx ends.
func sleep(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
