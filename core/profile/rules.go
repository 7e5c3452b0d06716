package profile

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A verdict on a text; what is empty if it is right.
type verdict struct{ what, instead, example string }

// A textRule judges a text, and always gives an example of a right one.
type textRule func(string) verdict

// upTo allows visible texts of at most max characters.
func upTo(max int) textRule {
	return func(s string) verdict {
		return visible(s, utf8.RuneCountInString(s), max, "characters")
	}
}

// upToBytes allows visible texts of at most max bytes of UTF-8.
func upToBytes(max int) textRule {
	return func(s string) verdict {
		return visible(s, len(s), max, "bytes")
	}
}

func visible(s string, length, max int, unit string) verdict {
	v := verdict{example: "Example"}
	if length > max {
		v.what, v.instead = fmt.Sprintf("%d %s long", length, unit), fmt.Sprintf("write at most %d", max)
		return v
	}
	v.what, v.instead = unreadable(s)
	return v
}

// unreadable says what people could not see of s, and what to do about it.
func unreadable(s string) (what, instead string) {
	if s == "" {
		return "empty", "write a name"
	}
	if strings.TrimSpace(s) != s {
		return "a space at the beginning or the end", "remove it"
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError ||
			unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return fmt.Sprintf("the character %U cannot be seen", r), "remove it"
		}
	}
	return "", ""
}

func country(s string) verdict {
	v := verdict{example: "US"}
	switch {
	case isCountry(s):
	case isCountry(strings.ToUpper(s)):
		v.what, v.instead = quote(s)+" is in lower case", fmt.Sprintf("write %q", strings.ToUpper(s))
	default:
		v.what, v.instead = quote(s)+" is no country code", `write the two capital letters of ISO 3166-1, like "US" or "DE"`
	}
	return v
}

// oneOf allows the texts of a closed set; the first is the example.
func oneOf[S ~string](allowed ...S) textRule {
	return func(s string) verdict {
		v := verdict{example: string(allowed[0])}
		quoted := make([]string, len(allowed))
		for i, a := range allowed {
			if string(a) == s {
				return v
			}
			quoted[i] = fmt.Sprintf("%q", string(a))
		}
		v.what, v.instead = quote(s)+" is not known", "write one of "+strings.Join(quoted, ", ")
		return v
	}
}

// webURL allows an absolute http or https URL without user or fragment, in
// ASCII, as an IA5String holds it (RFC 5280, section 4.2.1.6).
func webURL(s string) verdict {
	const example = "http://crl.example.com/root.crl"
	v := verdict{example: example}
	if what := badURL(s); what != "" {
		v.what, v.instead = what, fmt.Sprintf("write one like %q", example)
	}
	return v
}

func badURL(s string) string {
	if len(s) > maxURL {
		return fmt.Sprintf("%d characters long, %d at most are allowed", len(s), maxURL)
	}
	for _, r := range s {
		if r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`"<>\^`+"`{|}", r) {
			return fmt.Sprintf("the character %q cannot stand in a URL", r)
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return quote(s) + " is no URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return quote(s) + " does not begin with http:// or https://"
	case u.User != nil:
		return "a user name or password in the URL"
	case strings.Contains(s, "#"):
		return "a fragment (#) in the URL"
	case !isHost(u.Hostname()) || strings.HasSuffix(u.Host, ":"):
		return quote(s) + " has no valid host"
	}
	return ""
}

func isHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return isDomain(strings.ToLower(host))
}

// isDomain reports whether s is a domain name in lower case (RFC 1034, section
// 3.5, and RFC 1123, section 2.1).
func isDomain(s string) bool {
	if s == "" || len(s) > maxDNS {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				return false
			}
		}
	}
	return true
}
