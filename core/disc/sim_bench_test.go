package disc_test

import (
	"testing"

	"anodize/core/disc"
	"anodize/devices/sim"
)

// BenchmarkOpenArchive opens a full BD-R: its table, and the last of 255
// sessions in full.
func BenchmarkOpenArchive(b *testing.B) {
	drive := fullDisc(b)
	for b.Loop() {
		m, err := drive.Medium(b.Context())
		if err != nil || m.Sessions != 255 {
			b.Fatal(m.Sessions, err)
		}
		s, err := drive.Session(b.Context(), m.Tracks[254])
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyArchive reads and verifies each of 255 sessions.
func BenchmarkVerifyArchive(b *testing.B) {
	drive := fullDisc(b)
	for b.Loop() {
		m, err := drive.Medium(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		sessions, errs := sessionsOf(b.Context(), drive, m)
		if len(sessions) != 255 || len(errs) != 0 {
			b.Fatal(len(sessions), errs)
		}
		for _, s := range sessions {
			if err := s.Verify(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// fullDisc burns 255 sessions, each with the directories of all earlier ones.
func fullDisc(b *testing.B) *disc.Drive {
	b.Helper()
	simulated := sim.NewDrive()
	if err := simulated.Insert(sim.NewDisc(bdR)); err != nil {
		b.Fatal(err)
	}
	drive, err := disc.Open(b.Context(), simulated)
	if err != nil {
		b.Fatal(err)
	}
	disc.WithoutPauses(drive)
	var dirs []disc.Directory
	for n := 1; n <= 255; n++ {
		dirs = append(dirs, disc.Directory{Name: stamp(n).Format("20060102T150405Z"), Files: []disc.File{
			disc.NewFile("AUDIT.LOG", make([]byte, 3000)),
			disc.NewFile("STATE.JSON", make([]byte, 1500)),
		}})
		m, err := drive.Medium(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := drive.Burn(b.Context(), m.Identity, volume(n), dirs, nil); err != nil {
			b.Fatal(err)
		}
	}
	return drive
}
