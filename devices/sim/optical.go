package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// What Command returns when a command has no outcome that anybody knows.
var (
	ErrDriveTimeOut  = errors.New("simulated drive: the command timed out")
	ErrDriveReset    = errors.New("simulated drive: the bus was reset")
	ErrDriveNoPower  = errors.New("simulated drive: no power")
	ErrDriveGone     = errors.New("simulated drive: the device is gone")
	ErrDriveTransfer = errors.New("simulated drive: the data does not fit the command")
)

// What the hand on the drive meets.
var (
	ErrDriveLocked = errors.New("simulated drive: removal is prevented")
	ErrDriveLoaded = errors.New("simulated drive: a disc is already inside")
)

const (
	opticalSpinUpPolls = 3       // polls until a new medium is ready
	opticalBusyPolls   = 3       // polls that a long operation takes
	opticalTransfer    = 122_880 // longest transfer in bytes: what Linux's usb-storage asks of a drive when it reads ahead
	opticalCache       = 1 << 20 // bytes that may wait in the cache
)

// DriveExchange is one command as the drive answered it. The slices are the
// drive's own: copy what must outlive the call.
type DriveExchange struct {
	Number int    // from 1, over the life of the drive
	CDB    []byte // as sent
	Out    []byte // data sent to the drive
	In     []byte // data delivered
	Sense  []byte // nil after GOOD
	Err    error  // the initiator does not know the outcome
}

// Drive is a simulated optical drive (MMC-5) with a tray, a write cache and
// power that can fail. Its methods may be called from any goroutine.
type Drive struct {
	mu     sync.Mutex
	disc   *Disc // loaded
	onTray *Disc // lying on the open tray
	tray   bool  // open
	locked bool  // PREVENT ALLOW MEDIUM REMOVAL

	number int
	trace  func(DriveExchange)
	fault  DriveFault

	noPower, gone bool
	spinUp        int          // polls left until the medium is ready
	attention     opticalSense // pending unit attention
	deferred      opticalSense // failure of an operation that had already answered GOOD
	lastSense     opticalSense // for REQUEST SENSE
	event         byte         // media event, MMC-5 table 286
	capacityEnd   uint32       // what READ CAPACITY says until the medium changes

	remembers  bool                        // answers READ from what was sent, if it may
	refusesFUA bool                        // FUA ends in 5/24/00
	byHand     bool                        // the tray does not close by a command
	remembered map[uint32][discSector]byte // what was sent, since the medium came in

	cache      []opticalPiece
	cacheTrack *discTrack
	cacheBytes int
	parameters opticalParameters // Write Parameters page 05h
	busy       *opticalOperation
}

// opticalPiece is one WRITE that is still in the cache.
type opticalPiece struct {
	sector uint32
	target uint32 // where it will be stored: sector, but for a fault
	data   []byte
}

// opticalOperation goes on after its command has answered.
type opticalOperation struct {
	sense  opticalSense
	polls  int
	finish func() opticalSense
}

// NewDrive makes a drive with power, an empty closed tray and no faults.
func NewDrive() *Drive {
	return &Drive{attention: opticalWasReset}
}

// SetTrace lets f see every command after it is answered, in order. f must
// not call the drive.
func (d *Drive) SetTrace(f func(DriveExchange)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trace = f
}

// SetFault replaces the drive's faults; nil removes them.
func (d *Drive) SetFault(f DriveFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// RememberWrites makes the drive answer READ with what it was sent, and not with
// what is on the medium, for as long as the medium stays in, it has power and is not
// told to force the access (FUA, MMC-5 6.15.2).
func (d *Drive) RememberWrites() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembers, d.remembered = true, map[uint32][discSector]byte{}
}

// RefuseFUA makes READ with FUA end in 5/24/00, INVALID FIELD IN CDB.
func (d *Drive) RefuseFUA() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refusesFUA = true
}

// CloseByHand makes the drive refuse to close its tray, as the thin ones do; Push
// is the hand.
func (d *Drive) CloseByHand() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byHand = true
}

// Push closes an open tray with what lies on it.
func (d *Drive) Push() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tray {
		d.load(d.onTray)
	}
}

// Insert lays a disc in and closes the tray. The drive spins it up, and
// reports a unit attention once it is ready.
func (d *Drive) Insert(disc *Disc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.disc != nil || d.onTray != nil {
		return ErrDriveLoaded
	}
	d.load(disc)
	return nil
}

// Eject presses the button and takes the disc off the tray, which stays open.
// It gives nil when there is none, and ErrDriveLocked when removal is prevented.
func (d *Drive) Eject() (*Disc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked && d.disc != nil {
		return nil, ErrDriveLocked
	}
	if inside := d.disc; inside != nil {
		inside.mu.Lock()
		defer inside.mu.Unlock()
	}
	d.unload()
	disc := d.onTray
	d.onTray = nil
	return disc, nil
}

// PowerOn gives the drive its power back after PowerLoss. It starts with the
// disc that is inside, unlocked, and with nothing cached.
func (d *Drive) PowerOn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.noPower {
		return
	}
	d.noPower, d.locked = false, false
	d.forget()
	d.parameters = opticalParameters{}
	d.attention = opticalWasReset
	if d.disc != nil {
		d.spinUp = opticalSpinUpPolls
		d.measure()
	}
}

// forget empties the cache that READ is answered from.
func (d *Drive) forget() { clear(d.remembered) }

func (d *Drive) load(disc *Disc) {
	d.forget()
	d.tray, d.onTray, d.disc = false, nil, disc
	if disc == nil {
		return
	}
	d.spinUp, d.attention, d.event = opticalSpinUpPolls, opticalMediumChanged, 2
	d.measure()
}

// unload ends what runs, records what is cached and opens the tray. The lock
// of a disc inside is held.
func (d *Drive) unload() {
	if d.disc != nil {
		d.endBusy()
		d.flush()
		d.onTray, d.event = d.disc, 3
	}
	d.tray, d.disc, d.busy, d.parameters, d.deferred = true, nil, nil, opticalParameters{}, opticalGood
	d.spinUp = 0
}

// measure fixes what READ CAPACITY will answer while this medium stays in.
func (d *Drive) measure() {
	d.disc.mu.Lock()
	defer d.disc.mu.Unlock()
	d.capacityEnd = 0
	switch last := d.disc.lastOfSession(d.disc.completeSessions()); {
	case last != nil:
		d.capacityEnd = last.start + last.size
	case !d.disc.medium.recordable:
		d.capacityEnd = d.disc.capacity
	}
}

// opticalRequest is one command on its way through the drive.
type opticalRequest struct {
	cdb    [16]byte
	out    []byte
	data   []byte // to deliver
	effect DriveEffect
	err    error // the transfer itself cannot work
}

// Command carries one SCSI command out: cdb (6 to 16 bytes), data to the drive
// (out) or from it (in), at most one of them non-empty and neither longer than
// 122,880 bytes. It returns how many bytes arrived in in, and 18 bytes of
// fixed-format sense data after CHECK CONDITION. An error means that the
// outcome is unknown, as with a real transport; it wraps ErrDriveTransfer when
// out or in does not have the length that the CDB speaks of. The drive takes no
// time: timeout is not looked at.
func (d *Drive) Command(ctx context.Context, cdb, out, in []byte, timeout time.Duration) (n int, sense []byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.number++
	n, result, err := d.exchange(ctx, cdb, out, in)
	if !result.isGood() {
		sense = result.bytes()
	}
	if d.trace != nil {
		d.trace(DriveExchange{Number: d.number, CDB: cdb, Out: out, In: in[:n], Sense: sense, Err: err})
	}
	return n, sense, err
}

// exchange wraps the command in what the transport and the faults do to it.
func (d *Drive) exchange(ctx context.Context, cdb, out, in []byte) (int, opticalSense, error) {
	if err := ctx.Err(); err != nil {
		return 0, opticalGood, fmt.Errorf("simulated drive: %w", err)
	}
	if d.gone {
		return 0, opticalGood, ErrDriveGone
	}
	if d.noPower {
		return 0, opticalGood, ErrDriveNoPower
	}
	if len(cdb) < 6 || len(cdb) > 16 {
		return 0, opticalGood, fmt.Errorf("%w: a CDB of %d bytes", ErrDriveTransfer, len(cdb))
	}
	if len(out) > opticalTransfer || len(in) > opticalTransfer || len(out) > 0 && len(in) > 0 {
		return 0, opticalGood, fmt.Errorf("%w: %d bytes out, %d bytes in", ErrDriveTransfer, len(out), len(in))
	}
	request := &opticalRequest{out: out}
	copy(request.cdb[:], cdb)
	if d.fault != nil {
		request.effect = d.fault(d.number, cdb)
	}
	late, err := d.interrupt(request.effect)
	if err != nil && !late {
		return 0, opticalGood, err
	}
	if refuse, ok := request.effect.(Refuse); ok {
		result := opticalSense{key: refuse.Key, asc: refuse.ASC, ascq: refuse.ASCQ}
		d.lastSense = result
		return 0, result, nil
	}
	n, result, failure := d.answer(request, len(cdb), in)
	if late {
		_, err = d.interrupt(request.effect)
		d.breakOff(request.effect)
		return 0, opticalGood, err
	}
	return n, result, failure
}

// interrupt says how an effect keeps the answer from the initiator, and
// whether the command is carried out before.
func (d *Drive) interrupt(effect DriveEffect) (late bool, err error) {
	switch e := effect.(type) {
	case TimeOut:
		late, err = e.Late, ErrDriveTimeOut
	case Reset:
		late, err = e.Late, ErrDriveReset
	case PowerLoss:
		late, err = e.Late, ErrDriveNoPower
	case Vanish:
		err = ErrDriveGone
	}
	if err != nil && !late {
		d.breakOff(effect)
	}
	return late, err
}

// breakOff is what an effect leaves of the drive's state.
func (d *Drive) breakOff(effect DriveEffect) {
	switch effect.(type) {
	case Reset:
		d.attention, d.parameters = opticalWasReset, opticalParameters{}
	case PowerLoss:
		d.noPower = true
	case Vanish:
		d.gone = true
	default:
		return
	}
	d.dropCache()
	d.busy = nil
	d.deferred, d.lastSense = opticalGood, opticalGood
}

// answer carries the command out and moves its data.
func (d *Drive) answer(request *opticalRequest, length int, in []byte) (int, opticalSense, error) {
	if d.disc != nil {
		d.disc.mu.Lock()
		defer d.disc.mu.Unlock()
	}
	result := d.execute(request, length)
	if request.err != nil {
		return 0, opticalGood, request.err
	}
	if request.cdb[0] != 0x03 {
		d.lastSense = result
	}
	if len(request.data) > len(in) {
		return 0, opticalGood, fmt.Errorf("%w: %d bytes for a buffer of %d", ErrDriveTransfer, len(request.data), len(in))
	}
	n := copy(in, request.data)
	switch e := request.effect.(type) {
	case ShortRead:
		n = min(n, max(e.Bytes, 0))
	case StayBusy:
		d.busy = &opticalOperation{sense: opticalLongWriteBusy, polls: e.Polls, finish: d.busyFinish()}
	}
	return n, result, nil
}

// execute finds the command and checks the conditions that hold for all.
func (d *Drive) execute(request *opticalRequest, length int) opticalSense {
	command, known := opticalCommands[request.cdb[0]]
	if !known {
		return opticalBadOpcode
	}
	if length < opticalLength(request.cdb[0]) {
		return opticalBadField
	}
	if !command.always { // SPC-3 5.6.6 and MMC-5 6.6, 6.7: these see no unit attention
		if result := d.unready(command); !result.isGood() {
			return result
		}
	}
	return command.run(d, request)
}

// unready is why the drive cannot take a command now: a unit attention, no
// medium, one that spins up, or an operation that still runs.
func (d *Drive) unready(command opticalCommand) opticalSense {
	// A medium change is reported once the medium is ready.
	spinning := d.disc != nil && d.spinUp > 0 && d.attention == opticalMediumChanged
	if attention := d.attention; !attention.isGood() && !spinning {
		d.attention = opticalGood
		return attention
	}
	switch {
	case !command.medium:
	case d.tray:
		return opticalNoMediumOpen
	case d.disc == nil:
		return opticalNoMediumClosed
	case d.spinUp > 0:
		d.spinUp--
		return opticalBecomingReady
	}
	if command.medium {
		if result := d.pollBusy(); !result.isGood() {
			return result
		}
	}
	if failed := d.deferred; !failed.isGood() {
		d.deferred = opticalGood
		return failed
	}
	return opticalGood
}

// pollBusy reports a running operation and lets it come one poll nearer to
// its end.
func (d *Drive) pollBusy() opticalSense {
	if d.busy == nil {
		return opticalGood
	}
	if d.busy.polls <= 0 {
		d.endBusy()
		return opticalGood
	}
	result := d.busy.sense
	result.progress = uint16(0xFFFF / (d.busy.polls + 1))
	d.busy.polls--
	return result
}

// endBusy finishes the running operation; its failure is reported later.
func (d *Drive) endBusy() {
	finish := d.busyFinish()
	d.busy = nil
	if finish == nil {
		return
	}
	if result := finish(); !result.isGood() {
		result.deferred = true
		d.deferred = result
	}
}

func (d *Drive) busyFinish() func() opticalSense {
	if d.busy == nil {
		return nil
	}
	return d.busy.finish
}

// long runs an operation: at once, or with the Immed bit over the next polls.
func (d *Drive) long(immediate bool, sense opticalSense, finish func() opticalSense) opticalSense {
	if !immediate {
		return finish()
	}
	d.busy = &opticalOperation{sense: sense, polls: opticalBusyPolls, finish: finish}
	return opticalGood
}
