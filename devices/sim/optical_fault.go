package sim

// A DriveEffect is something that goes wrong with one command. The set is
// closed: Refuse, ShortRead, TimeOut, Reset, PowerLoss, Vanish, StoreElsewhere,
// FlipBit, HideNextAddress and StayBusy.
type DriveEffect interface{ driveEffect() }

// Refuse ends the command in CHECK CONDITION with this sense key, additional
// sense code and qualifier; it is not carried out.
type Refuse struct{ Key, ASC, ASCQ byte }

// ShortRead carries the command out and delivers at most Bytes of its data,
// with status GOOD.
type ShortRead struct{ Bytes int }

// TimeOut loses the answer: Command gives ErrDriveTimeOut. With Late the
// command was carried out all the same.
type TimeOut struct{ Late bool }

// Reset is a bus reset: Command gives ErrDriveReset, what was cached is lost
// and the next command finds a unit attention 6/29/00. With Late the command
// was carried out before.
type Reset struct{ Late bool }

// PowerLoss takes the drive's power: Command gives ErrDriveNoPower now and
// until PowerOn, and what was cached is lost. With Late the command was carried
// out before.
type PowerLoss struct{ Late bool }

// Vanish removes the drive for ever: Command gives ErrDriveGone.
type Vanish struct{}

// StoreElsewhere accepts a WRITE with status GOOD and stores its data By
// sectors away from where it belongs.
type StoreElsewhere struct{ By int32 }

// FlipBit accepts a WRITE with status GOOD and stores its data with the lowest
// bit of byte Offset inverted, counted from the first byte of this transfer.
type FlipBit struct{ Offset int }

// HideNextAddress answers READ TRACK INFORMATION with NWA_V and the next
// writable address unset.
type HideNextAddress struct{}

// StayBusy carries the command out and then reports a long operation
// (2/04/08) to the next Polls commands.
type StayBusy struct{ Polls int }

func (Refuse) driveEffect()          {}
func (ShortRead) driveEffect()       {}
func (TimeOut) driveEffect()         {}
func (Reset) driveEffect()           {}
func (PowerLoss) driveEffect()       {}
func (Vanish) driveEffect()          {}
func (StoreElsewhere) driveEffect()  {}
func (FlipBit) driveEffect()         {}
func (HideNextAddress) driveEffect() {}
func (StayBusy) driveEffect()        {}

// A DriveFault is asked before each command what goes wrong with it; nil is
// nothing. Number counts the commands of the drive from 1.
type DriveFault func(number int, cdb []byte) DriveEffect

// AtCommand lets the effect happen at one command.
func AtCommand(number int, effect DriveEffect) DriveFault {
	return func(n int, _ []byte) DriveEffect {
		if n == number {
			return effect
		}
		return nil
	}
}

// AtOpcode lets the effect happen at the commands from to last of those with
// an operation code, counted from 1; last 0 means for ever.
func AtOpcode(opcode byte, from, last int, effect DriveEffect) DriveFault {
	seen := 0
	return func(_ int, cdb []byte) DriveEffect {
		if len(cdb) == 0 || cdb[0] != opcode {
			return nil
		}
		seen++
		if seen < from || last != 0 && seen > last {
			return nil
		}
		return effect
	}
}

// Faults asks each fault in turn; the first effect counts. All are asked, so
// that each keeps its count.
func Faults(faults ...DriveFault) DriveFault {
	return func(n int, cdb []byte) DriveEffect {
		var first DriveEffect
		for _, fault := range faults {
			if effect := fault(n, cdb); first == nil {
				first = effect
			}
		}
		return first
	}
}
