package profile

import (
	"fmt"
	"slices"
	"strings"
)

// A form turns tables into a Profile and notes every problem on the way.
type form struct {
	lastLine int
	problems Problems
}

func (f *form) profile(tables []table) *Profile {
	p := &Profile{}
	if t := f.one(tables, "ca"); t != nil {
		p.CA = f.ca(t)
	}
	if t := f.one(tables, "hsm"); t != nil {
		p.HSM = f.hsm(t)
	}
	for i := range tables {
		t := &tables[i]
		switch t.name {
		case "ca", "hsm":
		case "cert_profiles":
			if !t.array {
				f.problems.add(t.line, t.name, "one pair of brackets", "write [[cert_profiles]]")
				continue
			}
			cp := f.certProfile(t, p)
			p.CertProfiles = append(p.CertProfiles, cp)
		default:
			f.problems.add(t.line, t.name, "unknown table", "remove it; the tables are [ca], [hsm] and [[cert_profiles]]")
		}
	}
	f.countCertProfiles(tables, len(p.CertProfiles))
	return p
}

func (f *form) countCertProfiles(tables []table, n int) {
	switch {
	case n > MaxCertProfiles:
		f.problems.add(f.lastLine, "cert_profiles", fmt.Sprintf("%d of them", n), fmt.Sprintf("write at most %d", MaxCertProfiles))
	case n == 0 && !slices.ContainsFunc(tables, func(t table) bool { return t.name == "cert_profiles" }):
		f.problems.add(f.lastLine, "cert_profiles", "missing", "add [[cert_profiles]] with name, validity_days and path_len")
	}
}

// one returns the table of that name.
func (f *form) one(tables []table, name string) *table {
	i := slices.IndexFunc(tables, func(t table) bool { return t.name == name })
	if i < 0 {
		f.problems.add(f.lastLine, name, "missing", fmt.Sprintf("add the table [%s]", name))
		return nil
	}
	if tables[i].array {
		f.problems.add(tables[i].line, name, "two pairs of brackets", fmt.Sprintf("write [%s], once", name))
		return nil
	}
	return &tables[i]
}

func (f *form) ca(t *table) CA {
	ca := CA{
		CommonName:   f.text(t, "common_name", upTo(maxCommonName)),
		Organization: f.text(t, "organization", upTo(maxName)),
		Country:      f.text(t, "country", country),
		CDPURL:       f.text(t, "cdp_url", webURL),
		ValidityDays: f.number(t, "validity_days", 1, MaxValidityDays, DefaultValidityDays),
	}
	maxCRL := MaxCRLValidityDays
	if ca.ValidityDays > 0 {
		maxCRL = min(maxCRL, ca.ValidityDays)
	}
	ca.CRLValidityDays = f.number(t, "crl_validity_days", 1, maxCRL, min(maxCRL, DefaultCRLValidityDays))
	f.unknown(t, "common_name", "organization", "country", "cdp_url", "validity_days", "crl_validity_days")
	return ca
}

func (f *form) hsm(t *table) HSM {
	hsm := HSM{
		Backend:    Backend(f.text(t, "backend", oneOf(YubiHSM, PKCS11))),
		TokenLabel: f.text(t, "token_label", upToBytes(maxTokenLabel)),
		KeyLabel:   f.text(t, "key_label", upToBytes(maxKeyLabel)),
		KeySpec:    KeySpec(f.text(t, "key_spec", oneOf(ECDSAP384, ECDSAP256, ECDSAP521, Ed25519, RSA3072, RSA4096))),
	}
	f.unknown(t, "backend", "token_label", "key_label", "key_spec")
	return hsm
}

func (f *form) certProfile(t *table, p *Profile) CertProfile {
	maxDays := MaxValidityDays
	if p.CA.ValidityDays > 0 {
		maxDays = p.CA.ValidityDays
	}
	cp := CertProfile{
		Name:         f.text(t, "name", upTo(maxName)),
		ValidityDays: f.number(t, "validity_days", 1, maxDays, required),
		PathLen:      f.number(t, "path_len", 0, MaxPathLen, required),
		PermittedDNS: f.domains(t, "permitted_dns"),
	}
	f.unknown(t, "name", "validity_days", "path_len", "permitted_dns")
	for _, earlier := range p.CertProfiles {
		if cp.Name != "" && strings.EqualFold(cp.Name, earlier.Name) {
			f.problems.add(t.find("name").line, "cert_profiles.name", quote(cp.Name)+" is another's name too", "write a name of its own")
		}
	}
	return cp
}

func (t *table) find(key string) *entry {
	for i := range t.entries {
		if t.entries[i].key == key {
			return &t.entries[i]
		}
	}
	return nil
}

// unknown notes the keys of t that are not among known.
func (f *form) unknown(t *table, known ...string) {
	for _, e := range t.entries {
		if !slices.Contains(known, e.key) {
			f.problems.add(e.line, t.name+"."+e.key, "unknown key",
				"remove it or correct its spelling; the keys here are "+strings.Join(known, ", "))
		}
	}
}

// text returns the text at key, or "" if there is a problem with it.
func (f *form) text(t *table, key string, check textRule) string {
	e := t.find(key)
	if e == nil {
		f.problems.add(t.line, t.name+"."+key, "missing", fmt.Sprintf("add %s = %q", key, check("").example))
		return ""
	}
	s, ok := e.value.(string)
	if !ok {
		f.problems.add(e.line, t.name+"."+key, describe(e.value)+" where a text is wanted",
			fmt.Sprintf("write %s = %q, in quotes", key, check("").example))
		return ""
	}
	if v := check(s); v.what != "" {
		f.problems.add(e.line, t.name+"."+key, v.what, v.instead)
		return ""
	}
	return s
}

// required, as number's fallback, says that there is none.
const required = -1

// number returns the number at key, fallback if there is none, or 0 if there is
// a problem with it.
func (f *form) number(t *table, key string, lo, hi, fallback int) int {
	instead := fmt.Sprintf("write %s = a whole number from %d to %d, without quotes", key, lo, hi)
	e := t.find(key)
	if e == nil {
		if fallback == required {
			f.problems.add(t.line, t.name+"."+key, "missing", instead)
			return 0
		}
		return fallback
	}
	n, ok := e.value.(int64)
	if !ok {
		f.problems.add(e.line, t.name+"."+key, describe(e.value)+" where a number is wanted", instead)
		return 0
	}
	if n < int64(lo) || n > int64(hi) {
		f.problems.add(e.line, t.name+"."+key, fmt.Sprintf("%d is out of bounds", n), instead)
		return 0
	}
	return int(n)
}

// domains returns the list at key, nil if there is none or a problem with it.
func (f *form) domains(t *table, key string) []string {
	const instead = `write permitted_dns = ["example.com"], or remove it`
	e := t.find(key)
	if e == nil {
		return nil
	}
	list, ok := e.value.([]string)
	switch {
	case !ok:
		f.problems.add(e.line, t.name+"."+key, describe(e.value)+" where a list of texts is wanted", instead)
		return nil
	case len(list) == 0 || len(list) > MaxPermittedDNS:
		f.problems.add(e.line, t.name+"."+key, fmt.Sprintf("%d domains where 1 to %d are wanted", len(list), MaxPermittedDNS), instead)
		return nil
	}
	for i, domain := range list {
		if !isDomain(domain) {
			f.problems.add(e.line, t.name+"."+key, quote(domain)+" is not a domain in lower case, without dots at its ends", instead)
			return nil
		}
		if slices.Contains(list[:i], domain) {
			f.problems.add(e.line, t.name+"."+key, quote(domain)+" stands there twice", "remove one")
			return nil
		}
	}
	return list
}
