package disc

// Step is a step of recording or reading a disc.
type Step int

const (
	StepNone     Step = iota // nothing goes on
	StepPrepare              // the disc is looked at once more, the drive made ready
	StepBuild                // the session's image is made and hashed
	StepWrite                // sectors go to the drive
	StepFlush                // the drive empties its cache
	StepClose                // track and session are closed
	StepReload               // the disc leaves the drive, so that its cache is empty, and comes back
	StepReadBack             // the session is read back and compared
)

func (s Step) String() string {
	switch s {
	case StepPrepare:
		return "preparing"
	case StepBuild:
		return "building the image"
	case StepWrite:
		return "writing"
	case StepFlush:
		return "emptying the drive's cache"
	case StepClose:
		return "closing the session"
	case StepReload:
		return "taking the disc out and in again"
	case StepReadBack:
		return "reading back"
	}
	return "nothing"
}

// Progress is how far a step is. Total is zero while the length of it is not
// known. StepBuild, StepWrite and StepReadBack count bytes, StepFlush and
// StepClose what the drive says, in 65536ths.
type Progress struct {
	Step        Step
	Done, Total int64
}

func report(f func(Progress), p Progress) {
	if f != nil {
		f(p)
	}
}
