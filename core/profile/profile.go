// Package profile reads profile.toml, which says what a root CA is called, which
// HSM holds its key, and what it may sign.
//
// It guarantees that a Profile exists only if every key of the file is known, of
// its type, present where it must be, and within its bounds; and that everything
// else is answered with all that is wrong at once, each with its line and with
// what to write instead. The file's own bytes go with the Profile: their hash is
// where an archive's audit log begins.
package profile

import (
	"bytes"
	"crypto/sha256"
)

// MaxSize is the size in bytes of the largest profile.
const MaxSize = 64 << 10

// Bounds and defaults of a profile's numbers, in days.
const (
	// DefaultValidityDays is the root certificate's validity unless the
	// profile says otherwise: 20 years.
	DefaultValidityDays = 7305
	// MaxValidityDays bounds every certificate's validity: 40 years.
	MaxValidityDays = 14610
	// DefaultCRLValidityDays is a CRL's validity unless the profile says
	// otherwise: a year.
	DefaultCRLValidityDays = 365
	// MaxCRLValidityDays bounds a CRL's validity: five years.
	MaxCRLValidityDays = 1830
)

const (
	// MaxPathLen bounds the CAs that an intermediate may have below it.
	MaxPathLen = 8
	// MaxCertProfiles bounds the list that operators choose from.
	MaxCertProfiles = 16
	// MaxPermittedDNS bounds a certificate profile's name constraints.
	MaxPermittedDNS = 32

	// maxName is X.520's upper bound for common and organization names (RFC
	// 5280, appendix A.1: ub-common-name, ub-organization-name), in characters.
	maxName = 64
	// maxCommonName leaves room for the prefix that a rehearsal's names bear.
	maxCommonName = maxName - len("REHEARSAL ")

	maxTokenLabel = 32 // PKCS#11 v3.1, CK_TOKEN_INFO.label
	maxKeyLabel   = 40 // a YubiHSM 2 object's label
	maxURL        = 1024
	maxDNS        = 253
)

// A Profile is a profile.toml that was read without a problem.
type Profile struct {
	CA           CA
	HSM          HSM
	CertProfiles []CertProfile // at least one, in the file's order

	data []byte
}

// CA is the table [ca].
type CA struct {
	CommonName      string // at most 54 characters
	Organization    string // at most 64 characters
	Country         string // ISO 3166-1 alpha-2, upper case
	CDPURL          string // http or https, where the root's CRL will be found
	ValidityDays    int    // of the root certificate, 1 to MaxValidityDays
	CRLValidityDays int    // of each CRL, 1 to MaxCRLValidityDays, at most ValidityDays
}

// HSM is the table [hsm].
type HSM struct {
	Backend    Backend
	TokenLabel string // at most 32 bytes
	KeyLabel   string // at most 40 bytes
	KeySpec    KeySpec
}

// A Backend is a way to reach an HSM.
type Backend string

// The backends.
const (
	YubiHSM Backend = "yubihsm"
	PKCS11  Backend = "pkcs11"
)

// A KeySpec is the type of a root key.
type KeySpec string

// The key specs.
const (
	ECDSAP256 KeySpec = "ecdsa-p256"
	ECDSAP384 KeySpec = "ecdsa-p384"
	ECDSAP521 KeySpec = "ecdsa-p521"
	Ed25519   KeySpec = "ed25519"
	RSA3072   KeySpec = "rsa-3072"
	RSA4096   KeySpec = "rsa-4096"
)

// A CertProfile is one table [[cert_profiles]]: a kind of intermediate
// certificate that the root may sign.
type CertProfile struct {
	Name         string   // at most 64 characters, distinct but for case
	ValidityDays int      // 1 to MaxValidityDays, at most the root's
	PathLen      int      // 0 to MaxPathLen
	PermittedDNS []string // a critical name constraint (RFC 5280, section 4.2.1.10), if any
}

// Parse reads a profile. Its error is a Problems, never empty.
func Parse(data []byte) (*Profile, error) {
	tables, problems := readTables(data)
	if problems != nil {
		return nil, problems
	}
	f := &form{lastLine: 1 + bytes.Count(bytes.TrimRight(data, "\n"), []byte("\n"))}
	p := f.profile(tables)
	if len(f.problems) > 0 {
		f.problems.sort()
		return nil, f.problems
	}
	p.data = bytes.Clone(data)
	return p, nil
}

// Bytes returns a copy of the file that the profile was read from.
func (p *Profile) Bytes() []byte { return bytes.Clone(p.data) }

// Hash returns the SHA-256 of the file that the profile was read from.
func (p *Profile) Hash() [32]byte { return sha256.Sum256(p.data) }
