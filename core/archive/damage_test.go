package archive_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
)

const sector = 2048

// place is where a file stands in an image.
type place struct {
	session   int
	name      string
	at, bytes int64
}

// places lists every file of every session that is not empty.
func places(t testing.TB, image []byte) (all []place, sessions []*disc.Session) {
	t.Helper()
	sessions, errs := disc.Find(bytes.NewReader(image), int64(len(image)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for i, s := range sessions {
		for _, d := range s.Directories {
			for _, f := range d.Files {
				_, at, n := f.Content.(*io.SectionReader).Outer()
				all = append(all, place{i, d.Name + "/" + f.Name, at, n})
			}
		}
	}
	return all, sessions
}

func TestAnyChangedByteOfAnyFileIsAnError(t *testing.T) {
	image := archivetest.Whole(t, "rehearsal", 1, 1).Image
	files, _ := places(t, image)
	rapid.Check(t, func(t *rapid.T) {
		f := files[rapid.IntRange(0, len(files)-1).Draw(t, "file")]
		at := f.at + rapid.Int64Range(0, f.bytes-1).Draw(t, "byte")
		flip := byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		image[at] ^= flip
		r := verify(image, archive.Options{})
		image[at] ^= flip
		if r.Worst() != archive.Error {
			t.Fatalf("session %d, %s: a changed byte was not found", f.session+1, f.name)
		}
	})
}

func TestAnyChangedByteOfADiscIsAnError(t *testing.T) {
	image := archivetest.Whole(t, "rehearsal", 0, 0).Image
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(image)-1).Draw(t, "byte")
		flip := byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		image[at] ^= flip
		r := verify(image, archive.Options{})
		image[at] ^= flip
		if r.Worst() != archive.Error {
			t.Fatalf("byte %d of sector %d: a change was not found", at%sector, at/sector)
		}
	})
}

// damages are ways to make a disc wrong. Each gives an image in which ours and
// the foreign validator must find an error.
var damages = map[string]func(t *testing.T) []byte{
	"the first byte of the profile": func(t *testing.T) []byte { return flip(t, "PROFILE.TOML", 0, 0) },
	"a byte of the newest log":      func(t *testing.T) []byte { return flip(t, "AUDIT.LOG", -1, 100) },
	"the newest log's last byte":    func(t *testing.T) []byte { return flip(t, "AUDIT.LOG", -1, -1) },
	"a copy of the first log":       func(t *testing.T) []byte { return flip(t, "AUDIT.LOG", 2, 9) },
	"a byte of the newest state":    func(t *testing.T) []byte { return flip(t, "STATE.JSON", -1, 20) },
	"a byte of the root":            func(t *testing.T) []byte { return flip(t, "ROOT.CRT", 0, 300) },
	"a byte of a copied CRL":        func(t *testing.T) []byte { return flip(t, "ROOT.CRL", -1, 50) },
	"a byte of the padding": func(t *testing.T) []byte {
		image := small(t)
		image[len(image)-1] = 1
		return image
	},
	"a byte of the system area": func(t *testing.T) []byte {
		image := small(t)
		image[5] = 1
		return image
	},
	"a byte between two sessions": func(t *testing.T) []byte {
		image := small(t)
		_, s := places(t, image)
		image[int64(s[1].Address)*sector-1] = 1
		return image
	},
	"an image cut inside a sector":  func(t *testing.T) []byte { image := small(t); return image[:len(image)-1] },
	"an image cut inside a session": func(t *testing.T) []byte { image := small(t); return image[:len(image)-100*sector] },
	"a first session lost":          func(t *testing.T) []byte { return erase(t, 0) },
	"a session in the middle lost":  func(t *testing.T) []byte { return erase(t, 1) },
	"a session twice": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 0, 0)
		addSession(t, b, len(b.Directories), b.Directories)
		return b.Image
	},
	"a session with an older number": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.IntendRoot()
		b.Image = nil
		addSession(t, b, 2, b.Directories)
		return b.Image
	},
	"a session of another archive": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		intent, _ := b.IntendRoot()
		b.Archive[0] ^= 1
		b.Commit(intent)
		return b.Image
	},
	"a session of another mode": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		intent, _ := b.IntendRoot()
		b.Mode = "production"
		b.Commit(intent)
		return b.Image
	},
	"a file that no record names": burnt(func(files []disc.File) []disc.File {
		return append(files, disc.NewFile("NOTES.TXT", []byte("hello")))
	}),
	"a named file that is missing": burnt(func(files []disc.File) []disc.File {
		return slices.DeleteFunc(files, func(f disc.File) bool { return f.Name == "ROOT.CRL" })
	}),
	"no state": burnt(func(files []disc.File) []disc.File {
		return slices.DeleteFunc(files, func(f disc.File) bool { return f.Name == "STATE.JSON" })
	}),
	"no log": burnt(func(files []disc.File) []disc.File {
		return slices.DeleteFunc(files, func(f disc.File) bool { return f.Name == "AUDIT.LOG" })
	}),
	"a log without its last record": burnt(replace("AUDIT.LOG", func(log []byte) []byte {
		return log[:bytes.LastIndexByte(log[:len(log)-1], '\n')+1]
	})),
	"a log without its last line feed": burnt(replace("AUDIT.LOG", func(log []byte) []byte { return log[:len(log)-1] })),
	"an empty log":                     burnt(replace("AUDIT.LOG", func([]byte) []byte { return nil })),
	"a state that differs": burnt(replace("STATE.JSON", func(state []byte) []byte {
		return bytes.Replace(state, []byte(`"sessions":2`), []byte(`"sessions":3`), 1)
	})),
	"a state that the log names and does not replay to": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		intent, _ := b.IntendRoot()
		b.Now = b.Now.Add(1e9)
		name, err := audit.DirectoryName(b.Now, audit.CommitSession)
		must(t, err)
		b.Verified()
		roster := audit.Roster{Set: intent.Set, Threshold: intent.Threshold, PINVerify: strings.Repeat("5a", 32)}
		for i, custodian := range intent.Custodians {
			roster.Members = append(roster.Members, audit.Member{Name: custodian, X: 1 + i, Commitment: strings.Repeat("5a", 32)})
		}
		b.Add(audit.SharesCommitted{Roster: roster, HSMs: []string{intent.HSM.Serial}})
		files := []disc.File{disc.NewFile("STATE.JSON", []byte("{}\n"))}
		b.Add(audit.SessionClose{Directory: name, Files: archivetest.Facts(files)})
		b.Directories = append(b.Directories, disc.Directory{Name: name, Files: append(files, disc.NewFile("AUDIT.LOG", b.Log.Bytes()))})
		addSession(t, b, 2, b.Directories)
		return b.Image
	},
	"an earlier log rewritten in the last session alone": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 1, 0)
		forged := another(t)
		image := b.Image[:int64(lastSession(t, b.Image).Address)*sector]
		b.Image = image[:len(image)-archivetest.Gap*sector]
		addSession(t, b, 5, forged.Directories)
		return b.Image
	},
	"a certificate with other bytes than intended": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		b.Open()
		file, cert := b.IntendCSR()
		b.Unlock()
		b.Device(0x56)
		b.Issued("intermediate", file, reissue(t, b, cert, b.Key))
		b.End("sign-csr", file)
		return b.Image
	},
	"a CRL under another key": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		must(t, err)
		b.Key = key
		b.Root.PublicKey = key.Public()
		b.IssueCRL()
		return b.Image
	},
	"a signature that is not on record": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		b.Device(0x56)
		b.SignCSR()
		return b.Image
	},
	"a certificate that the HSM did not sign": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		b.Open()
		file, cert := b.IntendCSR()
		b.Unlock()
		b.Issued("intermediate", file, cert)
		b.End("sign-csr", file)
		return b.Image
	},
	"an entry of the HSM's log changed": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		b.Device(0x4f)
		b.DeviceLog[len(b.DeviceLog)-1].Tick++
		b.SignCSR()
		return b.Image
	},
	"an entry of the HSM's log left out": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.InitRoot()
		b.Device(0x4f)
		b.Device(0x50)
		b.DeviceLog = slices.Delete(b.DeviceLog, len(b.DeviceLog)-2, len(b.DeviceLog)-1)
		b.SignCSR()
		return b.Image
	},
	"a session that was read back otherwise": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		intent, _ := b.IntendRoot()
		b.LastBurn.SHA256 = strings.Repeat("5a", 32)
		b.Commit(intent)
		return b.Image
	},
	"a session that was read back elsewhere": func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		intent, _ := b.IntendRoot()
		b.LastBurn.Address = 32
		b.Commit(intent)
		return b.Image
	},
	"a failed burn that nothing declares": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 0, 0)
		b.Fail(60)
		b.SignCSR()
		return b.Image
	},
	"a failed burn at the end": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 0, 0)
		b.Fail(0)
		return b.Image
	},
	"a failed burn declared elsewhere": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 0, 0)
		address := b.Fail(60)
		b.Add(audit.SessionVoid{Track: 4, Address: address + 30, Reason: "write error"})
		b.SignCSR()
		return b.Image
	},
	"a good session declared void": func(t *testing.T) []byte {
		b := archivetest.Whole(t, "rehearsal", 0, 0)
		address := b.LastBurn.Address
		b.Add(audit.SessionVoid{Track: 3, Address: address, Reason: "so they say"})
		b.SignCSR()
		return b.Image
	},
	"a ceremony's record of another digest": recorded(func(e *audit.RecordMade) { e.SHA256 = strings.Repeat("5a", 32) }),
	"a ceremony's record of another length": recorded(func(e *audit.RecordMade) { e.Size++ }),
	"nothing but zeros":                     func(*testing.T) []byte { return make([]byte, 400*sector) },
	"nothing":                               func(*testing.T) []byte { return nil },
}

func TestDamageIsFoundByOursAndTheForeignValidator(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := damage(t)
			if r := verify(image, archive.Options{}); r.Worst() != archive.Error {
				t.Errorf("ours finds no error: %v", r.Findings)
			} else if testing.Verbose() {
				for _, f := range r.Findings {
					if f.Level != archive.Pass {
						t.Log(f)
					}
				}
			}
			if whole, said := archivetest.Foreign(t, image); whole {
				t.Errorf("the foreign validator finds it whole: %s", said)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// another makes an archive with a root and a certificate under a key of its own.
func another(t *testing.T) *archivetest.Builder {
	t.Helper()
	b := archivetest.New(t, "rehearsal")
	b.InitRoot()
	b.SignCSR()
	return b
}

func small(t *testing.T) []byte { t.Helper(); return archivetest.Whole(t, "rehearsal", 0, 0).Image }

func lastSession(t *testing.T, image []byte) *disc.Session {
	t.Helper()
	_, s := places(t, image)
	return s[len(s)-1]
}

// flip changes a byte of the n-th file of a name in the image; negative numbers
// count from the end.
func flip(t *testing.T, name string, n int, at int64) []byte {
	t.Helper()
	image := archivetest.Whole(t, "rehearsal", 1, 0).Image
	all, _ := places(t, image)
	all = slices.DeleteFunc(all, func(p place) bool { return !strings.HasSuffix(p.name, "/"+name) })
	if n < 0 {
		n += len(all)
	}
	if at < 0 {
		at += all[n].bytes
	}
	image[all[n].at+at] ^= 0x20
	return image
}

func erase(t *testing.T, n int) []byte {
	t.Helper()
	image := small(t)
	_, s := places(t, image)
	clear(image[int64(s[n].Address)*sector:][:int64(s[n].Blocks)*sector])
	return image
}

// burnt changes the files of the third session while they are burned.
func burnt(change func([]disc.File) []disc.File) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.BeforeBurn = func(files []disc.File) []disc.File {
			b.BeforeBurn = func(files []disc.File) []disc.File { b.BeforeBurn = change; return files }
			return files
		}
		b.InitRoot()
		return b.Image
	}
}

func replace(name string, change func([]byte) []byte) func([]disc.File) []disc.File {
	return func(files []disc.File) []disc.File {
		i := slices.IndexFunc(files, func(f disc.File) bool { return f.Name == name })
		files[i] = disc.NewFile(name, change(archivetest.Bytes(files[i])))
		return files
	}
}

// addSession appends an image of any directories.
func addSession(t *testing.T, b *archivetest.Builder, number int, dirs []disc.Directory) {
	t.Helper()
	if len(b.Image) > 0 {
		b.Image = append(slices.Clip(b.Image), make([]byte, archivetest.Gap*sector)...)
	}
	image, err := disc.NewImage(disc.Volume{Archive: b.Archive, Mode: b.Mode, Number: number, Time: b.Now}, uint32(len(b.Image)/sector), dirs)
	must(t, err)
	raw, err := io.ReadAll(io.NewSectionReader(image, 0, image.Size()))
	must(t, err)
	b.Image = append(b.Image, raw...)
}

// reissue makes a certificate with the same serial number that is valid a day
// less.
func reissue(t *testing.T, b *archivetest.Builder, cert *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: cert.SerialNumber, Subject: cert.Subject, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter.AddDate(0, 0, -1),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: cert.KeyUsage}
	der, err := x509.CreateCertificate(rand.Reader, template, b.Root, cert.PublicKey, key)
	must(t, err)
	out, err := x509.ParseCertificate(der)
	must(t, err)
	return out
}

func TestADeclaredFailureIsAWarning(t *testing.T) {
	for name, sectors := range map[string]int{"broken off early": 10, "broken off in its descriptors": 20, "broken off in its files": 60,
		"broken off near its end": 700, "wrong only in its content": 0} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 0, 0)
			address := b.Fail(sectors)
			b.Add(audit.SessionVoid{Track: 4, Address: address, Reason: "write error\nPASS log: all is well"})
			b.SignCSR()
			r := verify(b.Image, archive.Options{})
			if r.Worst() != archive.Warn {
				t.Errorf("findings %v", r.Findings)
			}
			for _, f := range r.Findings {
				if strings.Contains(f.String(), "\n") {
					t.Errorf("%q is more than one line", f)
				}
			}
			if len(r.Sessions) != 5 {
				t.Errorf("%d sessions, want 5", len(r.Sessions))
			}
			if whole, said := archivetest.Foreign(t, b.Image); !whole {
				t.Errorf("the foreign validator says %s", said)
			}
		})
	}
}

func TestAFailureThatTheNextSessionWillDeclareIsAWarning(t *testing.T) {
	for name, sectors := range map[string]int{"broken off early": 10, "broken off in its descriptors": 20, "broken off in its files": 60, "wrong only in its content": 0} {
		b := archivetest.Whole(t, "rehearsal", 1, 0)
		address := b.Fail(sectors)
		if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Error && sectors > 16 {
			t.Errorf("%s, undeclared: %v", name, r.Findings)
		}
		r := verify(b.Image, archive.Options{Voids: []audit.SessionVoid{{Track: 6, Address: address, Reason: "write error"}}})
		if r.Worst() != archive.Warn || r.Log.Len() != b.Log.Len() || len(r.Sessions) != 5 {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
}

func TestSessionsByTheDiscsOwnTable(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	address := b.Fail(60)
	b.Add(audit.SessionVoid{Track: 4, Address: address, Reason: "write error"})
	b.SignCSR()
	_, damage := archive.FromImage(bytes.NewReader(b.Image), int64(len(b.Image)))
	if len(damage) == 0 {
		t.Fatal("nothing is torn")
	}
	var tracks []disc.Track
	sessions, _ := archive.FromImage(bytes.NewReader(b.Image), int64(len(b.Image)))
	for _, s := range sessions {
		tracks = append(tracks, disc.Track{Start: s.Recorded.Address, Blocks: s.Recorded.Blocks})
	}
	tracks = slices.Insert(tracks, 3, disc.Track{Start: address, Blocks: 60})
	sessions, damage = archive.FromTracks(tracks, func(track disc.Track) (*disc.Session, error) {
		end := (int64(track.Start) + int64(track.Blocks)) * sector
		return disc.ReadSession(bytes.NewReader(b.Image), end, track.Start)
	})
	if len(sessions) != 5 || len(damage) != 1 {
		t.Fatalf("%d sessions, damage %v", len(sessions), damage)
	}
	if r := archive.Verify(sessions, damage, archive.Options{}); r.Worst() != archive.Warn {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestWhatAPersonShouldReadIsAWarning(t *testing.T) {
	for name, make := range map[string]func(b *archivetest.Builder){
		"an open intent": func(b *archivetest.Builder) { b.Open(); b.IntendCSR() },
		"an abandoned intent": func(b *archivetest.Builder) {
			b.Open()
			b.IntendCSR()
			b.Verified()
			b.Add(audit.IntentAbandoned{Directory: b.LastBurn.Directory, Explanation: "power failed"})
			b.Burn(audit.RecordSession)
		},
		"an abandoned intent whose signature was made": func(b *archivetest.Builder) {
			b.Open()
			b.IntendCSR()
			b.Device(0x56)
			b.Add(audit.ClockConfirmed{})
			b.Verified()
			b.Add(audit.IntentAbandoned{Directory: b.LastBurn.Directory, Explanation: "power failed"})
			b.Burn(audit.RecordSession)
			b.SignCSR()
		},
		"a stopped ceremony": func(b *archivetest.Builder) {
			b.Open()
			b.IntendCSR()
			b.Verified()
			b.Add(audit.CeremonyEnd{Operation: "sign-csr", Outcome: "stopped", Words: "a custodian left"})
			b.Burn(audit.RecordSession)
		},
		"a failed export": func(b *archivetest.Builder) {
			b.Add(audit.ExportFailed{Reason: "no stick"})
			b.SignCSR()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 0, 0)
			make(b)
			if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Warn {
				t.Errorf("findings %v", r.Findings)
			}
			if whole, said := archivetest.Foreign(t, b.Image); !whole {
				t.Errorf("the foreign validator says %s", said)
			}
		})
	}
}

func TestAHeadFindsTruncationAndAnotherArchive(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 1, 0)
	head := b.Log.Whole()
	older := b.Image[:int64(lastSession(t, b.Image).Address-archivetest.Gap)*sector]
	if r := verify(older, archive.Options{}); r.Worst() != archive.Warn {
		t.Errorf("without a head a shorter disc is %v", r.Findings)
	}
	other := another(t)
	early, err := b.Log.TreeHeadAt(10)
	must(t, err)
	for name, c := range map[string]struct {
		image []byte
		head  audit.Head
		want  archive.Level
	}{
		"the same disc":       {b.Image, head, archive.Pass},
		"an earlier head":     {b.Image, audit.Head{Size: 10, Root: early}, archive.Pass},
		"an older disc":       {older, head, archive.Error},
		"another archive":     {other.Image, head, archive.Error},
		"a head of no record": {b.Image, audit.Head{Size: 11, Root: early}, archive.Error},
	} {
		if r := verify(c.image, archive.Options{Head: &c.head}); r.Worst() != c.want {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
}

func TestARequiredMode(t *testing.T) {
	image := small(t)
	for mode, want := range map[string]archive.Level{"": archive.Pass, "rehearsal": archive.Pass, "production": archive.Error} {
		if r := verify(image, archive.Options{Mode: mode}); r.Worst() != want {
			t.Errorf("mode %q: %v", mode, r.Findings)
		}
	}
}

func TestTheResultIsWhatTheLogSays(t *testing.T) {
	b := archivetest.Whole(t, "production", 1, 1)
	r := verify(b.Image, archive.Options{})
	if string(r.Profile) != archivetest.Profile || !bytes.Equal(r.Root, b.Root.Raw) || r.Log.Whole() != b.Log.Whole() {
		t.Error("profile, root or log are not the archive's")
	}
	crl, err := x509.ParseRevocationList(r.CRL)
	must(t, err)
	if crl.Number.Cmp(big.NewInt(2)) != 0 || r.State.CRLNumber != 2 || len(r.Sessions) != 7 {
		t.Errorf("CRL %v, state %+v, %d sessions", crl.Number, r.State, len(r.Sessions))
	}
	if got := hex.EncodeToString(b.Archive[:]); r.State.Archive != got {
		t.Errorf("archive %s, want %s", r.State.Archive, got)
	}
}
