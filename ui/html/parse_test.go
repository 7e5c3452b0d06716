package html_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"anodize/ui/html"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ why, body, says string }{
		{"scripts", "<p>a</p>\n<script>x</script>", "line 4: <script> is not part of the subset"},
		{"style attributes", `<p style="x">a</p>`, `"style" on <p>`},
		{"event attributes", `<p onclick="x">a</p>`, `"onclick" on <p>`},
		{"frames", `<iframe></iframe>`, "<iframe>"},
		{"objects", `<object></object>`, "<object>"},
		{"svg", `<svg></svg>`, "<svg>"},
		{"forms", `<form></form>`, "<form>"},
		{"text inputs", `<input type="text" disabled>`, "write checkbox"},
		{"inputs that could be used", `<input type="checkbox">`, "needs the attribute disabled"},
		{"links elsewhere", `<a href="https://example.org/">a</a>`, "pages link nowhere else"},
		{"links to a folder", `<p><a href="../a.html">a</a></p>`, "pages link nowhere else"},
		{"links to another kind of file", `<p><a href="a.pdf">a</a></p>`, "pages link nowhere else"},
		{"links to no name", `<p><a href=".html">a</a></p>`, "pages link nowhere else"},
		{"links with an empty place", `<p><a href="a.html#">a</a></p>`, "pages link nowhere else"},
		{"links to nothing", `<p><a href="#b">a</a></p>`, "#b, which is not on this page"},
		{"images elsewhere", `<p><img alt="" src="https://example.org/a.png"></p>`, "pages fetch nothing"},
		{"images of another kind", `<p><img alt="" src="data:image/svg+xml;base64,AA=="></p>`, "pages fetch nothing"},
		{"images without words", `<p><img src="data:image/png;base64,AA=="></p>`, "needs the attribute alt"},
		{"comments", "<!-- a -->", "comments"},
		{"processing instructions", "<?a?>", "comments"},
		{"unknown classes", `<p class="big">a</p>`, `"big" is not in the sheet`},
		{"classes of other elements", `<p class="grid">a</p>`, "is for table"},
		{"a class twice", `<p class="lead lead">a</p>`, "twice"},
		{"an attribute twice", `<p id="a" id="b">a</p>`, "twice"},
		{"an id twice", `<p id="a">a</p><p id="a">b</p>`, "there twice"},
		{"odd ids", `<p id="A b">a</p>`, "lower-case letters"},
		{"unclosed elements", "<section><p>a</p>", "</body> where <section> of line 3"},
		{"crossed elements", "<p><b><i>a</b></i></p>", "</b> where <i>"},
		{"ends without a beginning", "</section>", "</section> where <body>"},
		{"void elements with an end", "<p><br></br></p>", "has no end tag"},
		{"elements closed by a slash", "<p/>", "does not close it"},
		{"blocks in a paragraph", "<p><ul></ul></p>", "<ul> may not stand in <p>"},
		{"items without a list", "<li>a</li>", "<li> may not stand in <body>"},
		{"text in a list", "<ul>a</ul>", "text may not stand in <ul>"},
		{"rows without a body", "<table><tr><td>a</td></tr></table>", "<tr> may not stand in <table>"},
		{"tables in tables", "<table><tbody><tr><td><table></table></td></tr></tbody></table>", "may not stand within <table>"},
		{"tables without rows", "<table><caption>a</caption></table>", "lacks its <tbody>"},
		{"heads after bodies", "<table><tbody></tbody><thead></thead></table>", "comes before <tbody>"},
		{"late captions", "<table><tbody></tbody><caption>a</caption></table>", "comes first"},
		{"links in links", `<p id="a"><a href="#a"><b><a href="#a">a</a></b></a></p>`, "may not stand within <a>"},
		{"details without a summary", "<details><p>a</p></details>", "begins with its <summary>"},
		{"details that hold nothing", "<details></details>", "lacks its <summary>"},
		{"an empty summary", "<details><summary> </summary></details>", "is empty"},
		{"bad spans", `<table><tbody><tr><td colspan="0">a</td></tr></tbody></table>`, "from 1 to 64"},
		{"wide rows", "<table><tbody><tr>" + strings.Repeat("<td>a</td>", 65) + "</tr></tbody></table>", "64 columns"},
		{"tabs in pre", "<pre>a\tb</pre>", "write spaces"},
		{"NULs", "<p>a\x00b</p>", "control character U+0000"},
		{"escapes", "<p>a\x1bb</p>", "control character U+001B"},
		{"references to controls", "<p>&#x1b;</p>", "control character U+001B"},
		{"bytes that are not UTF-8", "<p>\xff</p>", "0xff is not UTF-8"},
		{"a tag that does not end", "<p>a</p><p class=\"", "within a tag"},
	} {
		_, err := html.Parse(wrap("\n" + c.body))
		var e *html.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", c.why, err, c.says)
		}
	}
}

func TestThePageItself(t *testing.T) {
	const head = `<head><meta charset="utf-8"><title>T</title></head>`
	for _, c := range []struct{ why, src, says string }{
		{"empty", "", "empty"},
		{"no doctype", "<html>" + head + "<body></body></html>", "begins with <!DOCTYPE html>"},
		{"another doctype", "<!DOCTYPE svg><html></html>", "begins with <!DOCTYPE html>"},
		{"no title", `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body></body></html>`, "lacks its <title>"},
		{"no charset", `<!DOCTYPE html><html><head><title>T</title></head><body></body></html>`, "meta charset"},
		{"no body", "<!DOCTYPE html><html>" + head + "</html>", "lacks its <body>"},
		{"two bodies", "<!DOCTYPE html><html>" + head + "<body></body><body></body></html>", "second <body>"},
		{"text after it", "<!DOCTYPE html><html>" + head + "<body></body></html>x", "text outside"},
		{"another style", `<!DOCTYPE html><html><head><meta charset="utf-8"><title>T</title><style>p{display:none}</style></head><body></body></html>`, "no other style"},
		{"unclosed", "<!DOCTYPE html><html>" + head + "<body>", "<body> of line 1 is not closed"},
	} {
		if _, err := html.Parse([]byte(c.src)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", c.why, err, c.says)
		}
	}
}

func TestTheSheetIsTakenAsStyle(t *testing.T) {
	src := "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>T</title><style>" + html.CSS() + "</style></head><body><p>a</p></body></html>"
	if _, err := html.Parse([]byte(src)); err != nil {
		t.Fatal(err)
	}
}

// The record's own style and markup must be among what is drawn.
func TestRecordsAreTaken(t *testing.T) {
	for _, name := range []string{"init-root", "sign-csr"} {
		src, err := os.ReadFile("../../core/record/testdata/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := html.Parse(src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is too large is refused before anything is made of it.
func TestBounds(t *testing.T) {
	bomb := func(w, h int) string {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
			t.Fatal(err)
		}
		return `<p><img alt="a" src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"></p>`
	}
	for _, c := range []struct{ why, body, says string }{
		{"64 MiB", strings.Repeat("a", 64<<20), "larger than 4 MiB"},
		{"100,000 nested lists", strings.Repeat("<ul><li>", 100_000), "nested more than 32"},
		{"100,000 nested bold", "<p>" + strings.Repeat("<b>", 100_000), "nested more than 32"},
		{"200,000 elements", "<p>" + strings.Repeat("<br>", 200_000), "elements"},
		{"a table of 100,000 × 1", "<table><tbody>" + strings.Repeat("<tr><td></td></tr>", 100_000), "elements"},
		{"a table of 1500 × 64", "<table><tbody>" + strings.Repeat("<tr>"+strings.Repeat("<td></td>", 64)+"</tr>", 1500), "table cells"},
		{"100,000 × 1 by spans", "<table><tbody>" + strings.Repeat(`<tr><td colspan="64"></td></tr>`, 2000), "table cells"},
		{"a PNG of 16 million pixels", bomb(4096, 4096), "pixels"},
		{"many PNGs", strings.Repeat(bomb(2048, 2048), 3), "pixels"},
	} {
		if _, err := html.Parse(wrap(c.body)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", c.why, err, c.says)
		}
	}
}

func TestABrokenPictureShowsItsWords(t *testing.T) {
	for _, src := range []string{"data:image/png;base64,AAAA", "data:image/png;base64,!!"} {
		p := parse(t, `<p>See <img alt="the QR code" src="`+src+`">.</p>`)
		if !strings.Contains(p.Text(), "See the QR code.") {
			t.Errorf("%q: the page says %q", src, p.Text())
		}
	}
}

// tree is what the HTML standard's own tree construction makes of a page, or
// what our own events say, in one form: names, and words without white space.
func tree(n *nethtml.Node, b *strings.Builder) {
	switch n.Type {
	case nethtml.TextNode:
		b.WriteString(strings.Join(strings.Fields(n.Data), ""))
	case nethtml.ElementNode:
		fmt.Fprintf(b, "<%s>", n.Data)
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		tree(k, b)
	}
	if n.Type == nethtml.ElementNode {
		b.WriteString("</>")
	}
}

// FuzzParse holds Parse against the standard's own tree construction: a page that
// is accepted has the same tree there, whatever it is made of. It lays the page
// out, too.
func FuzzParse(f *testing.F) {
	f.Add(wrap(specimen))
	f.Add(wrap("<pre>\n a</pre><ul><li>a<p>b</p>c</li></ul>&lt;&nbsp;&#8238;"))
	f.Add(wrap("<table><caption>a</caption><tbody><tr><td><p>b</p></td></tr></tbody></table>"))
	f.Add([]byte("<!DOCTYPE html><html>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := html.Parse(src)
		if err != nil {
			var e *html.Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > 1+bytes.Count(src, []byte("\n"))+bytes.Count(src, []byte("\r")) {
				t.Fatalf("an error of another kind, or on no line of the page: %v", err)
			}
			return
		}
		root, err := nethtml.Parse(bytes.NewReader(src))
		if err != nil {
			t.Fatalf("accepted, but not by the standard's construction: %v", err)
		}
		var theirs strings.Builder
		tree(root, &theirs)
		if ours := html.Tree(src); ours != theirs.String() {
			t.Fatalf("the trees differ:\n%s\n%s", ours, theirs.String())
		}
		for _, width := range []int{64, 500} {
			p.Layout(width, 16, nil)
		}
	})
}
