// Package html draws a small, strict subset of HTML with Gio: instructions,
// runbooks and the record of a ceremony, the same file on the frame buffer, in
// any browser and on paper.
//
// It guarantees that a page which Parse accepts means the same everywhere:
// every element is closed where it was opened, none stands where the parser of
// the HTML standard (section 13.2) would move it, nothing is fetched, nothing
// runs, and the only style is the one sheet that CSS writes. Whatever else is
// found is refused with its line. What cannot be drawn, a character without a
// glyph or one that only steers the direction of writing, is shown as its code
// point in a box, never as nothing. Parse and Layout take time and memory linear
// in the size of the page, which is bounded, and never panic.
//
// A page is
//
//	<!DOCTYPE html>
//	<html lang="en">
//	<head><meta charset="utf-8"><title>…</title><style>…</style></head>
//	<body>…</body>
//	</html>
//
// where style may be left out, and else holds exactly what CSS returns. The body
// holds, with their usual meaning and content:
//
//	section h1 h2 h3 h4 p ul ol li dl dt dd hr pre figure figcaption
//	table caption thead tbody tr th td
//	details summary
//	strong em b i code kbd mark small br wbr a img input
//
// Rows stand in thead or tbody; tables do not nest; links do not stand in links
// or summaries. Attributes: class with names of the sheet, id on blocks, colspan
// and scope on cells, start on ol, open on details, href on a ("#id", which must
// exist, or "name.html" or "name.html#id", a page beside this one), src, alt, width and height on img (src is a data URL of a PNG; alt is
// shown if it cannot be read), type=checkbox and disabled on input (a box to be
// ticked on paper), lang on html. There are no comments, no tabs in pre, and no
// control characters.
//
// Lengths are in rem, the size of the page's ordinary type. A browser's is 16
// pixels, paper's 10.5 points, the kiosk's what Layout is told.
package html
