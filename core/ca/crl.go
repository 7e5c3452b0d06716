package ca

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// MaxRevoked bounds the entries of a CRL.
const MaxRevoked = 10000

// A Revoked is one entry of a CRL.
type Revoked struct {
	Serial *big.Int
	Time   time.Time
	Reason int // a CRLReason, RFC 5280, section 5.3.1; see ReasonName
}

// reasonNames are the reasons for good: certificateHold (6) and removeFromCRL
// (8), which take a revocation back, do not fit a log that forgets nothing.
var reasonNames = map[int]string{
	0:  "unspecified",
	1:  "key compromise",
	2:  "CA compromise",
	3:  "affiliation changed",
	4:  "superseded",
	5:  "cessation of operation",
	9:  "privilege withdrawn",
	10: "AA compromise",
}

// ReasonName names a CRLReason for people, and reports whether Anodize revokes
// for it.
func ReasonName(reason int) (name string, ok bool) {
	name, ok = reasonNames[reason]
	return name, ok
}

// CRLTBS makes the to-be-signed bytes of a version 2 CRL of issuer with an
// authority key identifier and a CRL number (RFC 5280, section 5), and revoked
// in the order given. Errors wrap ErrIssuer, ErrInput, or are a LintError.
func CRLTBS(issuer *x509.Certificate, number *big.Int, thisUpdate, nextUpdate time.Time, revoked []Revoked) ([]byte, error) {
	tbs, err := crlTBS(issuer, number, thisUpdate, nextUpdate, revoked)
	if err != nil {
		return nil, fmt.Errorf("making the CRL: %w", err)
	}
	return tbs, nil
}

func crlTBS(issuer *x509.Certificate, number *big.Int, thisUpdate, nextUpdate time.Time, revoked []Revoked) ([]byte, error) {
	alg, err := checkIssuer(issuer, x509.KeyUsageCRLSign)
	if err != nil {
		return nil, err
	}
	if number == nil || number.Sign() < 0 || number.BitLen() > 8*maxSerialSize-1 {
		return nil, fmt.Errorf("%w: a CRL number must not be negative nor longer than %d octets", ErrInput, maxSerialSize)
	}
	template := &x509.RevocationList{SignatureAlgorithm: alg.X509(), Number: number}
	if template.ThisUpdate, err = wholeSeconds(thisUpdate); err != nil {
		return nil, err
	}
	if template.NextUpdate, err = wholeSeconds(nextUpdate); err != nil {
		return nil, err
	}
	if !template.NextUpdate.After(template.ThisUpdate) {
		return nil, fmt.Errorf("%w: the next update, %v, is not after this one, %v", ErrInput, template.NextUpdate, template.ThisUpdate)
	}
	if template.RevokedCertificateEntries, err = entries(revoked, template.ThisUpdate); err != nil {
		return nil, err
	}
	key, err := alg.throwaway()
	if err != nil {
		return nil, err
	}
	withoutKey := *issuer
	withoutKey.PublicKey = nil
	der, err := x509.CreateRevocationList(rand.Reader, template, &withoutKey, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	made, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("%w: the CRL just made: %w", ErrMalformed, err)
	}
	if err := confirmCRL(made, template, issuer); err != nil {
		return nil, err
	}
	return made.RawTBSRevocationList, seal(made.RawTBSRevocationList, issuer)
}

// entries turns revoked into crypto/x509's form.
func entries(revoked []Revoked, thisUpdate time.Time) ([]x509.RevocationListEntry, error) {
	if len(revoked) > MaxRevoked {
		return nil, fmt.Errorf("%w: %d revoked certificates, at most %d", ErrInput, len(revoked), MaxRevoked)
	}
	seen := map[string]bool{}
	var list []x509.RevocationListEntry
	for _, r := range revoked {
		if err := checkSerial(r.Serial); err != nil {
			return nil, err
		}
		if seen[r.Serial.String()] {
			return nil, fmt.Errorf("%w: serial number %x is revoked twice", ErrInput, r.Serial)
		}
		seen[r.Serial.String()] = true
		if _, ok := ReasonName(r.Reason); !ok {
			return nil, fmt.Errorf("%w: %d is no reason to revoke for good", ErrInput, r.Reason)
		}
		at, err := wholeSeconds(r.Time)
		if err != nil {
			return nil, err
		}
		if at.After(thisUpdate) {
			return nil, fmt.Errorf("%w: serial number %x is revoked at %v, after the CRL's own time", ErrInput, r.Serial, at)
		}
		list = append(list, x509.RevocationListEntry{SerialNumber: r.Serial, RevocationTime: at, ReasonCode: r.Reason})
	}
	return list, nil
}

// confirmCRL compares what was encoded with what was asked for.
func confirmCRL(made, want *x509.RevocationList, issuer *x509.Certificate) error {
	sameEntry := func(a, b x509.RevocationListEntry) bool {
		return a.SerialNumber.Cmp(b.SerialNumber) == 0 && a.RevocationTime.Equal(b.RevocationTime) && a.ReasonCode == b.ReasonCode
	}
	if made.Number.Cmp(want.Number) != 0 || !made.ThisUpdate.Equal(want.ThisUpdate) || !made.NextUpdate.Equal(want.NextUpdate) ||
		!bytes.Equal(made.RawIssuer, issuer.RawSubject) || !bytes.Equal(made.AuthorityKeyId, issuer.SubjectKeyId) ||
		!slices.EqualFunc(made.RevokedCertificateEntries, want.RevokedCertificateEntries, sameEntry) {
		return fmt.Errorf("%w: the CRL just made is not what was asked for", ErrMalformed)
	}
	return nil
}
