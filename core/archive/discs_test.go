package archive_test

import (
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
)

func TestAnArchiveThatWasCarriedIsWholeOnEveryDisc(t *testing.T) {
	for name, tc := range map[string]struct {
		carry func(*archivetest.Builder)
		old   archive.Level // of the disc that it was carried from
	}{
		"with a mark":    {(*archivetest.Builder).Migrate, archive.Warn},
		"without a mark": {(*archivetest.Builder).MigrateUnmarked, archive.Pass},
		"in a session that is for something else": {func(b *archivetest.Builder) {
			b.Open()
			crl := b.IntendCRL()
			b.Unlock()
			b.Device(0x56)
			b.CRLIssued(crl)
			b.RecordDeviceLog()
			b.Add(audit.CeremonyEnd{Operation: "issue-crl", Outcome: "done"})
			b.Record()
			b.Move()
			b.Burn(audit.RecordSession)
		}, archive.Warn},
		"twice": {func(b *archivetest.Builder) { b.Migrate(); b.Migrate() }, archive.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 1, 0)
			tc.carry(b)
			b.SignCSR()
			for i, image := range append(b.OldDiscs, b.Image) {
				want := tc.old
				if i == len(b.OldDiscs) {
					want = archive.Pass
				}
				if r := verify(image, archive.Options{}); r.Worst() != want {
					t.Errorf("disc %d: findings %v", i+1, r.Findings)
				}
				if whole, said := archivetest.Foreign(t, image); !whole {
					t.Errorf("disc %d: the foreign validator says %s", i+1, said)
				}
			}
		})
	}
}

func TestEveryMigrationThatIsNotWhatItSeemsIsFound(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(*archivetest.Builder)
		says string
		ours bool // the foreign validator does not lay sessions out
	}{
		"sessions that go on on the marked disc": {func(b *archivetest.Builder) {
			b.IntendMigration()
			b.Burn(audit.IntentSession)
			old := b.Image
			b.Verified()
			b.Move()
			b.Add(audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "done"})
			b.Image = old
			b.Burn(audit.RecordSession)
		}, "a session is missing, or one was added", false},
		"a copy that is not what stood on the old disc": {func(b *archivetest.Builder) {
			b.LastBurn.SHA256 = strings.Repeat("5a", 32)
			b.Migrate()
		}, "made again", true},
		"a copy from another address": {func(b *archivetest.Builder) {
			b.LastBurn.Address += 16
			b.Migrate()
		}, "made again", true},
		"a void of the old disc for the new one": {func(b *archivetest.Builder) {
			b.IntendMigration()
			b.Burn(audit.IntentSession)
			b.Verified()
			b.Add(audit.SessionVoid{Track: 1, Address: 0, Reason: "write error"})
			b.Move()
			b.Fail(40)
			b.Add(audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "done"})
			b.Burn(audit.RecordSession)
		}, "", false},
		"a session of the new disc lost": {func(b *archivetest.Builder) {
			b.Migrate()
			b.SignCSR()
			b.Image = b.Image[int64(lastSession(b.TB.(*testing.T), b.Image).Address)*sector:]
		}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 0, 1)
			tc.make(b)
			r := verify(b.Image, archive.Options{})
			if r.Worst() != archive.Error || !strings.Contains(says(r), tc.says) {
				t.Errorf("findings %v", r.Findings)
			}
			if whole, _ := archivetest.Foreign(t, b.Image); whole && !tc.ours {
				t.Error("the foreign validator finds it whole")
			}
		})
	}
}

func says(r archive.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func TestAVoidOnTheNewDiscIsForgiven(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	b.IntendMigration()
	b.Burn(audit.IntentSession)
	b.Verified()
	b.Move()
	b.Add(audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "done"})
	b.Add(audit.SessionVoid{Track: 1, Address: b.Fail(40), Reason: "write error"})
	b.Burn(audit.RecordSession)
	if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Warn {
		t.Errorf("findings %v", r.Findings)
	}
	if whole, said := archivetest.Foreign(t, b.Image); !whole {
		t.Errorf("the foreign validator says %s", said)
	}
}

func TestCopiesOfAllDiscsTogetherAreWhole(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	b.Migrate()
	var all []archive.Session
	for n := range b.Directories {
		all = append(all, archive.Session{Directories: append([]disc.Directory(nil), b.Directories[:n+1]...)})
	}
	for name, copies := range map[string][]archive.Session{"all discs": all, "the newest disc": all[4:], "its last session": all[4:]} {
		if r := archive.Verify(copies, nil, archive.Options{}); r.Worst() != archive.Pass {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
	if r := archive.Verify(all[1:], nil, archive.Options{}); r.Worst() != archive.Error {
		t.Errorf("a copy is missing: %v", r.Findings)
	}
}
