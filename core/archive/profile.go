package archive

import (
	"crypto/x509"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/profile"
)

// rehearsalPrefix begins the common names of a rehearsal.
const rehearsalPrefix = "REHEARSAL "

// checkProfile reads the profile strictly and compares with it what was made.
func (v *verifier) checkProfile(c *check) string {
	p, err := profile.Parse(v.res.Profile)
	if err != nil {
		c.error("%s: %v", profileFile, err)
		return ""
	}
	for _, r := range v.res.Log.Records() {
		switch e := r.Event.(type) {
		case audit.CeremonyBegin:
			if e.HSM.Backend != string(p.HSM.Backend) {
				c.error("record %d: the HSM %s is driven as %s, by the profile as %s", r.Seq, e.HSM.Serial, e.HSM.Backend, p.HSM.Backend)
			}
		case audit.IntentInitRoot:
			if e.KeySpec != string(p.HSM.KeySpec) || e.KeyLabel != p.HSM.KeyLabel {
				c.error("record %d: the key %s %q is not the profile's, %s %q", r.Seq, e.KeySpec, e.KeyLabel, p.HSM.KeySpec, p.HSM.KeyLabel)
			}
		case audit.IntentSignCSR:
			if !slices.ContainsFunc(p.CertProfiles, func(cp profile.CertProfile) bool { return cp.Name == e.Profile }) {
				c.error("record %d: the profile has no certificate profile %q", r.Seq, e.Profile)
			}
		}
	}
	if v.res.Root == nil {
		return "it is read without a problem"
	}
	root, err := x509.ParseCertificate(v.res.Root)
	if err != nil {
		c.error("%s: %v", rootFile, err)
		return ""
	}
	if name := root.Subject.CommonName; name != p.CA.CommonName && name != rehearsalPrefix+p.CA.CommonName {
		c.error("%s is called %q, the profile's CA %q", rootFile, name, p.CA.CommonName)
	}
	return fmt.Sprintf("it is read without a problem, and the root is its %q", p.CA.CommonName)
}
