package record

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"anodize/core/audit"
)

// operations are the names that people know.
var operations = map[string]string{"init-root": "Make a root", "sign-csr": "Sign a certificate request", "issue-crl": "Issue a CRL", "migrate-disc": "Carry the archive to another disc",
	"key-backup": "Back the key up", "rekey-shares": "Give the shares to new custodians", "update-hsm": "Bring an HSM up to date", "retire-hsm": "Retire an HSM"}

func operation(name string) string {
	if known, ok := operations[name]; ok {
		return known
	}
	return name
}

// outcomes are the ways in which a ceremony ends.
var outcomes = map[string]string{"done": "done as intended", "stopped": "stopped", "abandoned": "abandoned"}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// page writes the whole page.
func (h *history) page() (markup, error) {
	prints, err := h.fingerprints()
	if err != nil {
		return "", err
	}
	parts := []struct {
		id, title string
		content   markup
	}{
		{"fingerprints", "Fingerprints", prints},
		{"people", "People", h.people()},
		{"made", "What was made", h.made()},
		{"remarks", "Warnings, exceptions and attempts that came to nothing", h.remarkTables()},
		{"devices", "Devices", h.devices()},
		{"steps", "Every step", h.stepTable()},
		{"hsmlog", "The HSM's own log", h.deviceLog()},
		{"sessions", "Sessions on the disc", h.sessionTable()},
		{"before", "Earlier ceremonies", h.before()},
		{"check", "How to check this page", h.check()},
	}
	var contents, sections []markup
	for _, p := range parts {
		contents = append(contents, el(item, link(p.id, p.title)))
		sections = append(sections, section(p.id, p.title, p.content))
	}
	return join(h.head(), h.summary(), el(list, contents...), join(sections...), "</body>\n</html>\n"), nil
}

// head opens the page. Its title is of words from closed sets.
func (h *history) head() markup {
	title := "Record: " + operation(h.now.Operation) + ", " + h.now.end.Format("2006-01-02")
	if h.genesis.Mode != "production" {
		title = strings.ToUpper(h.genesis.Mode) + ". " + title
	}
	return join("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>", words(title), "</title>\n<style>", markup(style), "</style>\n</head>\n<body>\n")
}

// summary says what, when, how it ended, and what the page was made from.
func (h *history) summary() markup {
	var out []markup
	if h.genesis.Mode != "production" {
		out = append(out, of(paragraph, danger, words(strings.ToUpper(h.genesis.Mode)+". Nothing here belongs to a CA that anybody may trust.")))
	}
	out = append(out, el(h1, words("Record of a ceremony: "+operation(h.now.Operation))))
	outcome := words(outcomes[h.now.how])
	if h.now.words != "" {
		outcome = lines(el(strong, outcome), data(h.now.words))
	}
	head, profile, last := h.log.Whole(), h.log.ProfileHash(), h.log.Head()
	out = append(out, factTable(
		fact{"Outcome", outcome},
		fact{"Began", words(stamp(h.now.at) + " UTC")},
		fact{"Ended", words(stamp(h.now.end) + " UTC")},
		fact{"Archive", mono(h.genesis.Archive)},
		fact{"Mode", words(h.genesis.Mode)},
		fact{"Program", data(h.now.Program)},
		fact{"Image, SHA-256", mono(h.now.Image)},
		fact{"PROFILE.TOML, SHA-256", mono(hex.EncodeToString(profile[:]))},
		fact{"Made from", join(counted(int(head.Size), "record"), words(" of AUDIT.LOG, the last one with the hash "), mono(hex.EncodeToString(last[:])))},
		fact{"Tree head over them", mono(hex.EncodeToString(head.Root[:]))},
	))
	return join(out...)
}

// fingerprints shows what witnesses compare, to be read and to be scanned.
func (h *history) fingerprints() (markup, error) {
	head := h.log.Whole()
	var prints []print
	for _, i := range h.present() {
		prints = append(prints, print{"SHA-256 of " + i.file, i.sha256, i.sha256})
	}
	prints = append(prints, print{"Tree head of this page, over " + string(counted(int(head.Size), "record")), hex.EncodeToString(head.Root[:]), head.String()})
	var rows []markup
	for _, p := range prints {
		img, err := qrCode(strings.ToUpper(p.scanned), "QR code: "+p.title)
		if err != nil {
			return "", err
		}
		rows = append(rows, el(row, el(cell, img), el(cell, el(paragraph, el(strong, words(p.title))), of(paragraph, digest, groups(p.digest)))))
	}
	return join(of(tableTag, open, el(tableBody, rows...)),
		el(paragraph, words("The witnesses' sheets bear the head of the whole log, with the records that end its last session. "+
			"That log begins with the records of this page: anodize-validate -head takes either."))), nil
}

// print is a digest to be compared.
type print struct {
	title   string
	digest  string // hex
	scanned string // what the QR code says
}

// groups writes hex in upper case, in groups of four, four groups a line.
func groups(digest string) markup {
	var all []markup
	for line := range slices.Chunk([]byte(strings.ToUpper(digest)), 16) {
		var b strings.Builder
		for i, c := range line {
			if i > 0 && i%4 == 0 {
				b.WriteByte(' ')
			}
			b.WriteByte(c)
		}
		all = append(all, words(b.String()))
	}
	return lines(all...)
}

// people says who holds a share, and has room for who was there.
func (h *history) people() markup {
	var out, pens []markup
	switch intent, ok := h.now.intent.(audit.IntentInitRoot); {
	case len(h.rosters) > 0:
		seen := map[string]bool{}
		for _, r := range h.splits() {
			out = append(out, holders(r))
			for _, m := range r.Members {
				if !seen[m.Name] {
					pens = append(pens, data(m.Name))
				}
				seen[m.Name] = true
			}
		}
	case ok:
		out = append(out, el(paragraph, words("Intended: any "), number(intent.Threshold), words(" of these custodians together. They have no shares.")))
		for _, custodian := range intent.Custodians {
			out = append(out, el(paragraph, data(custodian)))
			pens = append(pens, data(custodian))
		}
	}
	out = append(out, el(paragraph, words("The log names custodians and nobody else, and not which of them came. Whoever was there signs here, on paper.")))
	rows := []markup{signs("Operator", "")}
	for _, custodian := range pens {
		rows = append(rows, signs("Custodian", custodian))
	}
	for range 3 {
		rows = append(rows, signs("Witness", ""))
	}
	return join(append(out, tableOf([]string{"Role", "Name", "Time", "Signature"}, rows))...)
}

// signs is a row for one person's pen.
func signs(role string, name markup) markup {
	return el(row, el(cell, words(role)), of(cell, signature, name), of(cell, short), of(cell, signature))
}

// holders says who holds a share of the PIN, and what opens the HSM.
func holders(r audit.Roster) markup {
	var rows [][]markup
	for _, m := range r.Members {
		rows = append(rows, []markup{data(m.Name), number(m.X), mono(m.Commitment)})
	}
	return join(
		el(paragraph, words("Any "), number(r.Threshold), words(" of "), counted(len(r.Members), "custodian"),
			words(fmt.Sprintf(" together open the HSM. Set %04X, generation ", r.Set)), number(r.Generation), words(".")),
		table([]string{"Custodian", "Share x", "Commitment to the share"}, rows),
	)
}

// remarkTables lists the whole archive's, those of earlier records apart.
func (h *history) remarkTables() markup {
	var fresh, old [][]markup
	for _, r := range h.remarks {
		what := data(r.what)
		if r.why != "" {
			what = lines(what, el(strong, data(r.why)))
		}
		line := []markup{number(r.seq), words(stamp(r.at)), what}
		if r.seq >= h.first() {
			fresh = append(fresh, line)
		} else {
			old = append(old, line)
		}
	}
	heads := []string{"Record", "Time (UTC)", "What, and the words on record"}
	out := el(paragraph, words("None since the ceremony before."))
	if len(fresh) > 0 {
		out = table(heads, fresh)
	}
	if len(old) > 0 {
		out = join(out, el(h3, words("In earlier records")), table(heads, old))
	}
	return out
}

// sessionTable lists all sessions that the log closes so far.
func (h *history) sessionTable() markup {
	var rows [][]markup
	for i, s := range h.sessions {
		at, blocks, sum := words("not on record"), markup(""), markup("")
		if v := s.verified; v != nil {
			at, blocks, sum = number(v.Address), number(v.Blocks), mono(v.SHA256)
		}
		rows = append(rows, []markup{number(i + 1), data(s.Directory), at, blocks, sum})
	}
	return join(
		table([]string{"Session", "Directory", "First sector", "Sectors", "SHA-256 of all its sectors"}, rows),
		el(paragraph, words("As they were read back after they were written. The session that holds this page comes after the last of them.")),
	)
}

// before lists the earlier ceremonies, and what all of them issued.
func (h *history) before() markup {
	if len(h.past) == 0 {
		return el(paragraph, words("This is the archive's first ceremony."))
	}
	var ceremonies, issues [][]markup
	for _, c := range h.past {
		how := words(outcomes[c.how])
		if c.words != "" {
			how = lines(how, el(strong, data(c.words)))
		}
		ceremonies = append(ceremonies, []markup{words(stamp(c.at)), words(operation(c.Operation)), how, data(strings.Join(c.made, ", "))})
	}
	for _, i := range h.issues[:len(h.issues)-len(h.present())] {
		issues = append(issues, []markup{words(stamp(i.at)), data(i.file), i.what, mono(i.sha256)})
	}
	out := table([]string{"Began (UTC)", "Ceremony", "Outcome", "Files"}, ceremonies)
	if len(issues) > 0 {
		out = join(out, el(h3, words("What they issued")), table([]string{"Issued (UTC)", "File", "What", "SHA-256"}, issues))
	}
	return out
}

// check tells how to hold this page against the disc.
func (h *history) check() markup {
	return join(
		el(paragraph, words("This page stands on the disc as "+File+", in the directory of the session that ended the ceremony. "+
			"The record.made in that session's AUDIT.LOG gives its length and SHA-256.")),
		el(paragraph, words("It was made from the records of AUDIT.LOG before that one, and from the files named above. "+
			"anodize-validate makes it again from the disc and compares every byte; with -record it writes it out.")),
		el(paragraph, words("What came later, such as the read-back of that session and what the stick took, stands in the next ceremony's record.")),
	)
}
