// Package archivetest makes archives for tests: the log of whole ceremonies,
// with certificates and CRLs that a key made in the test really signed, and the
// sessions of the disc. It guarantees nothing; a test says what it expects.
package archivetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"sync"
	"testing"
	"time"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/state"
)

// Profile is the profile of every archive made here.
const Profile = `[ca]
common_name = "Example Root CA"
organization = "Example Corp"
country = "US"
cdp_url = "http://crl.example.com/root.crl"

[hsm]
backend = "yubihsm"
token_label = "Example"
key_label = "root"
key_spec = "ecdsa-p384"

[[cert_profiles]]
name = "intermediate"
validity_days = 1826
path_len = 0
`

// Gap is how many empty sectors stand between two sessions.
const Gap = 32

const (
	sectorSize = 2048
	hsmSerial  = "0034332673"
	program    = "anodize test"
)

// Builder is an archive being made. Change its parts between the steps to make
// it wrong.
type Builder struct {
	TB          testing.TB
	Mode        string
	Archive     [32]byte
	Now         time.Time // of the next record
	Log         *audit.Log
	Directories []disc.Directory
	Image       []byte
	OldDiscs    [][]byte // images of the discs that it was carried from

	// Recorder, if set, takes each session instead of Image, and returns what its
	// read-back says.
	Recorder func(testing.TB, disc.Volume, []disc.Directory) audit.SessionVerified

	NoImages  bool // leave Image empty
	NoRecords bool // make no RECORD.HTML

	// What the next session.close and its directory will hold beside STATE.JSON.
	Files []disc.File

	// BeforeBurn, if set, may change the files of the next session.
	BeforeBurn func(files []disc.File) []disc.File

	// Tamper, if set, may change an event before it is added.
	Tamper func(audit.Event) audit.Event

	// RootTemplate and CRLTemplate, if set, may change what is signed; the log
	// says what was meant.
	RootTemplate func(*Builder, *x509.Certificate)
	CRLTemplate  func(*Builder, *x509.RevocationList)

	// ChildTemplate, if set, may change what is meant and signed for an intermediate.
	ChildTemplate func(*x509.Certificate)

	// Page, if set, may change a RECORD.HTML before it is put on record.
	Page func([]byte) []byte

	Key  *ecdsa.PrivateKey
	Root *x509.Certificate

	// Maker vouches for the HSM, which vouches for the key. In a rehearsal it is
	// the simulated devices'; nil: the HSM attests nothing.
	Maker *Maker

	LastBurn  audit.SessionVerified
	DeviceLog []hsm.LogEntry // all of the HSM's entries

	SecondLog []hsm.LogEntry // all of the second HSM's, since its reset

	recorded       int // entries of DeviceLog in the log
	secondRecorded int
	generation     int // of the shares that open the first HSM
	serial         int64
	crl            uint64
	children       int
}

// New begins an archive of a mode. Nothing is burned yet.
func New(tb testing.TB, mode string) *Builder {
	tb.Helper()
	b := &Builder{TB: tb, Mode: mode, Now: time.Date(2026, 4, 25, 14, 30, 0, 0, time.UTC), serial: 0x4000000000000001}
	for i := range b.Archive {
		b.Archive[i] = byte(0xA0 + i)
	}
	b.Log = audit.New(sha256.Sum256([]byte(Profile)))
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	b.must(err)
	b.Key = key
	if mode == "rehearsal" {
		b.Maker = SimulatedMaker(tb)
	} else {
		b.Maker = NewMaker(tb)
	}
	b.Add(audit.Genesis{Format: 1, Archive: hex.EncodeToString(b.Archive[:]), Mode: mode, Image: digest("image"), Program: program})
	b.Files = []disc.File{disc.NewFile("PROFILE.TOML", []byte(Profile))}
	return b
}

// Whole makes an archive with a root, so many certificates and CRLs, and returns
// it. Every archive with as many of the same mode is the same to the byte, and the
// caller's own: another with another key is made with New.
func Whole(tb testing.TB, mode string, certificates, crls int) *Builder {
	tb.Helper()
	whole.Lock()
	defer whole.Unlock()
	return wholeOf(tb, mode, certificates, crls).clone(tb)
}

// whole holds what Whole has made, as signing and hashing take their time.
var whole struct {
	sync.Mutex
	made map[content]*Builder
}

type content struct {
	mode               string
	certificates, crls int
}

// wholeOf is the one archive of its content, made from one with less.
func wholeOf(tb testing.TB, mode string, certificates, crls int) *Builder {
	tb.Helper()
	c := content{mode, certificates, crls}
	if b := whole.made[c]; b != nil {
		return b
	}
	var b *Builder
	switch {
	case crls > 0:
		b = wholeOf(tb, mode, certificates, crls-1).clone(tb)
		b.IssueCRL()
	case certificates > 0:
		b = wholeOf(tb, mode, certificates-1, 0).clone(tb)
		b.SignCSR()
	default:
		b = New(tb, mode)
		b.InitRoot()
	}
	if whole.made == nil {
		whole.made = map[content]*Builder{}
	}
	whole.made[c] = b
	return b
}

// clone is the same archive, whose parts can be changed by themselves.
func (b *Builder) clone(tb testing.TB) *Builder {
	c, root := *b, *b.Root
	c.TB, c.Root, c.Log = tb, &root, b.Log.Clone()
	c.Directories, c.Image, c.Files = slices.Clone(b.Directories), slices.Clone(b.Image), slices.Clone(b.Files)
	for i, d := range c.Directories {
		c.Directories[i].Files = slices.Clone(d.Files)
	}
	c.DeviceLog, c.SecondLog = slices.Clone(b.DeviceLog), slices.Clone(b.SecondLog)
	return &c
}

// Quick makes an archive with a root and so many CRLs, without the images of its
// sessions.
func Quick(tb testing.TB, crls int) *Builder {
	tb.Helper()
	b := New(tb, "rehearsal")
	b.NoImages = true
	b.InitRoot()
	for range crls {
		b.IssueCRL()
	}
	return b
}

func (b *Builder) must(err error) {
	b.TB.Helper()
	if err != nil {
		b.TB.Fatal(err)
	}
}

// Add appends a record, a second after the last.
func (b *Builder) Add(e audit.Event) {
	b.TB.Helper()
	b.Now = b.Now.Add(time.Second)
	if b.Tamper != nil {
		e = b.Tamper(e)
	}
	_, err := b.Log.Append(b.Now, e)
	b.must(err)
}

// Verified adds session.verified for the last session.
func (b *Builder) Verified() { b.TB.Helper(); b.Add(b.LastBurn) }

// Burn closes the session and appends its image to the disc.
func (b *Builder) Burn(kind audit.Kind) {
	b.TB.Helper()
	b.Now = b.Now.Add(time.Second)
	name, err := audit.DirectoryName(b.Now, kind)
	b.must(err)
	s, err := state.Replay(b.Log)
	b.must(err)
	encoded, err := s.Encode()
	b.must(err)
	files := append(b.Files, disc.NewFile("STATE.JSON", encoded))
	b.Files = nil
	b.Add(audit.SessionClose{Directory: name, Files: Facts(files)})
	files = append(files, disc.NewFile("AUDIT.LOG", b.Log.Bytes()))
	if change := b.BeforeBurn; change != nil {
		b.BeforeBurn = nil
		files = change(files)
	}
	b.Directories = append(b.Directories, disc.Directory{Name: name, Files: files})
	b.record(name)
}

// record appends an image of all directories to the disc.
func (b *Builder) record(name string) {
	b.TB.Helper()
	if b.NoImages {
		b.LastBurn = audit.SessionVerified{Directory: name, Blocks: 384, SHA256: digest(name)}
		return
	}
	at, _, err := audit.ParseDirectory(name)
	b.must(err)
	v := disc.Volume{Archive: b.Archive, Mode: b.Mode, Number: len(b.Directories), Time: at}
	if b.Recorder != nil {
		b.LastBurn = b.Recorder(b.TB, v, b.Directories)
		return
	}
	b.gap()
	start := uint32(len(b.Image) / sectorSize)
	image, err := disc.NewImage(v, start, b.Directories)
	b.must(err)
	raw := make([]byte, image.Size())
	_, err = image.ReadAt(raw, 0)
	b.must(err)
	b.Image = append(b.Image, raw...)
	sum := sha256.Sum256(raw)
	b.LastBurn = audit.SessionVerified{Directory: name, Address: start, Blocks: image.Blocks(), SHA256: hex.EncodeToString(sum[:])}
}

func (b *Builder) gap() {
	if len(b.Image) > 0 {
		b.Image = append(b.Image, make([]byte, Gap*sectorSize)...)
	}
}

// Fail makes a burn break off after so many sectors of its image, or at its end
// if sectors is zero, and returns the address at which it began. The log and the
// directories stay as they are.
func (b *Builder) Fail(sectors int) uint32 {
	b.TB.Helper()
	b.gap()
	start := uint32(len(b.Image) / sectorSize)
	name, err := audit.DirectoryName(b.Now, audit.RecordSession)
	b.must(err)
	state := bytes.Repeat([]byte("state"), 100*sectorSize)
	dirs := append(slices.Clone(b.Directories), disc.Directory{Name: name, Files: []disc.File{disc.NewFile("STATE.JSON", state)}})
	image, err := disc.NewImage(disc.Volume{Archive: b.Archive, Mode: b.Mode, Number: len(dirs), Time: b.Now}, start, dirs)
	b.must(err)
	raw := make([]byte, image.Size())
	_, err = image.ReadAt(raw, 0)
	b.must(err)
	if sectors > 0 {
		raw = raw[:sectors*sectorSize]
	}
	b.Image = append(b.Image, raw...)
	return start
}

// Facts describes files in order of name.
func Facts(files []disc.File) []audit.FileFact {
	facts := make([]audit.FileFact, len(files))
	for i, f := range files {
		sum := sha256.Sum256(Bytes(f))
		facts[i] = audit.FileFact{Name: f.Name, Size: f.Size, SHA256: hex.EncodeToString(sum[:])}
	}
	sortFacts(facts)
	return facts
}

// Bytes returns the content of a file made by disc.NewFile.
func Bytes(f disc.File) []byte {
	raw := make([]byte, f.Size)
	if f.Size > 0 {
		if _, err := f.Content.ReadAt(raw, 0); err != nil {
			panic(err)
		}
	}
	return raw
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
