package archive

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"anodize/core/profile"
)

// caUsage is what every key of a CA here may do, and nothing else.
const caUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign

// asked is what a certificate or CRL is to be made of, besides its key. Nothing is
// asked without a profile.
type asked struct {
	profile *profile.Profile
	prefix  string    // of every common name
	at      time.Time // of the intent's record
}

// root compares a root certificate with the profile.
func (a asked) root(cert *x509.Certificate) error {
	if a.profile == nil {
		return nil
	}
	ca := a.profile.CA
	name := pkix.Name{Country: []string{ca.Country}, Organization: []string{ca.Organization}, CommonName: a.prefix + ca.CommonName}
	switch {
	case cert.Subject.String() != name.String():
		return fmt.Errorf("it is called %q, by the profile %q", cert.Subject, name)
	case hasPathLen(cert):
		return errors.New("it bounds its own path")
	}
	return errors.Join(a.dated(cert, ca.ValidityDays, time.Time{}), fit(cert, "2.5.29.14", "2.5.29.15", "2.5.29.19"))
}

// intermediate compares a certificate with the request and the kind of certificate
// that it was made for.
func (a asked) intermediate(cert, root *x509.Certificate, csr *x509.CertificateRequest, kind string) error {
	if a.profile == nil {
		return nil
	}
	kinds := a.profile.CertProfiles
	at := slices.IndexFunc(kinds, func(cp profile.CertProfile) bool { return cp.Name == kind })
	if at < 0 {
		return nil // checkProfile says so
	}
	cp := kinds[at]
	switch {
	case !a.sameName(cert.Subject, csr.Subject):
		return fmt.Errorf("it is called %q, by its request %q", cert.Subject, csr.Subject)
	case !hasPathLen(cert) || cert.MaxPathLen != cp.PathLen:
		return fmt.Errorf("its path length is %d, by the profile %d", cert.MaxPathLen, cp.PathLen)
	case !slices.Equal(cert.CRLDistributionPoints, []string{a.profile.CA.CDPURL}):
		return fmt.Errorf("its CRL is at %q, by the profile at %q", cert.CRLDistributionPoints, a.profile.CA.CDPURL)
	}
	return errors.Join(constrained(cert, cp.PermittedDNS), a.dated(cert, cp.ValidityDays, root.NotAfter), fit(cert, "2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.35"))
}

// constrained wants a certificate to be constrained to DNS names of some domains and by
// nothing else, or, without domains, not to be constrained at all.
func constrained(cert *x509.Certificate, domains []string) error {
	isConstraint := func(id asn1.ObjectIdentifier) bool { return id.String() == "2.5.29.30" }
	there := slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return isConstraint(e.Id) })
	others := len(cert.ExcludedDNSDomains) + len(cert.PermittedIPRanges) + len(cert.ExcludedIPRanges) + len(cert.PermittedEmailAddresses) +
		len(cert.ExcludedEmailAddresses) + len(cert.PermittedURIDomains) + len(cert.ExcludedURIDomains)
	switch {
	case !there && len(domains) == 0:
		return nil
	case len(domains) == 0:
		return errors.New("it is constrained to some names, by the profile to none")
	case !slices.Equal(cert.PermittedDNSDomains, domains):
		return fmt.Errorf("it is constrained to the names %q, by the profile to %q", cert.PermittedDNSDomains, domains)
	case !cert.PermittedDNSDomainsCritical:
		return errors.New("it is constrained to names, but not in a way that everybody must heed")
	case others > 0 || slices.ContainsFunc(cert.UnhandledCriticalExtensions, isConstraint): // of kinds that crypto/x509 does not know
		return errors.New("it is constrained by more than the names that the profile permits")
	}
	return nil
}

// dated compares a validity with its length in days, both ends included; one that
// would outlive last, if there is one, ends with it.
func (a asked) dated(cert *x509.Certificate, days int, last time.Time) error {
	until := cert.NotBefore.AddDate(0, 0, days).Add(-time.Second)
	if !last.IsZero() && until.After(last) {
		until = last
	}
	if !cert.NotAfter.Equal(until) {
		return fmt.Errorf("it is valid until %v, by the profile until %v", cert.NotAfter, until)
	}
	return a.planned(cert.NotBefore)
}

// planned wants a time that the plan for an intent had: people may have read it for a
// while before it was put on record.
func (a asked) planned(t time.Time) error {
	const reading = 48 * time.Hour
	if t.After(a.at) || t.Before(a.at.Add(-reading)) {
		return fmt.Errorf("it begins at %v, but was intended at %v", t, a.at)
	}
	return nil
}

// list compares a CRL with the profile.
func (a asked) list(crl *x509.RevocationList) error {
	if a.profile == nil {
		return nil
	}
	if until := crl.ThisUpdate.AddDate(0, 0, a.profile.CA.CRLValidityDays); !crl.NextUpdate.Equal(until) {
		return fmt.Errorf("its next update is %v, by the profile %v", crl.NextUpdate, until)
	}
	return errors.Join(a.planned(crl.ThisUpdate), only(crl.Extensions, "2.5.29.20", "2.5.29.35"))
}

// sameName compares the name of a certificate with that of its request, whose common
// name has no prefix yet.
func (a asked) sameName(cert, csr pkix.Name) bool {
	commonName := pkix.Name{CommonName: "x"}.ToRDNSequence()[0][0].Type
	return slices.EqualFunc(cert.Names, csr.Names, func(c, r pkix.AttributeTypeAndValue) bool {
		prefix := ""
		if c.Type.Equal(commonName) {
			prefix = a.prefix
		}
		return c.Type.Equal(r.Type) && fmt.Sprint(c.Value) == prefix+fmt.Sprint(r.Value)
	})
}

// fit wants a certificate that lets its key sign certificates and CRLs and do
// nothing else, and that has no extensions but some.
func fit(cert *x509.Certificate, extensions ...string) error {
	if cert.KeyUsage != caUsage {
		return fmt.Errorf("its key usage is %#x, not %#x", int(cert.KeyUsage), int(caUsage))
	}
	return only(cert.Extensions, extensions...)
}

// only wants no extensions but some.
func only(all []pkix.Extension, some ...string) error {
	for _, e := range all {
		if !slices.Contains(some, e.Id.String()) {
			return fmt.Errorf("it has the extension %v, which no profile gives it", e.Id)
		}
	}
	return nil
}

func hasPathLen(c *x509.Certificate) bool {
	return c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero
}
