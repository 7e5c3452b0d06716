// Package record makes the record of a ceremony: RECORD.HTML, one page for
// people to read, print and sign, that opens in any browser for as long as
// there are browsers.
//
// It guarantees that the page is made of the log up to ceremony.end and of the
// files that this ceremony issued, which must be those that the log names, and
// of nothing else: no clock, no machine, no earlier page. Whoever makes it again
// from the same records gets the same bytes. No secret can stand in it, since
// none stands in a log.
//
// It guarantees that what people typed stays text. Markup comes from the closed
// set of elements in markup.go alone; everything from a log or a file is escaped
// on its way there, and a character that cannot be seen, or that turns the
// direction of writing, is shown by its code point. The page carries its style,
// runs nothing and fetches nothing.
//
// html/template is not used. It reaches methods by name, so that a linker must
// keep every one that there is, which makes the kiosk a fifth larger; and what it
// writes is its own to change, while a form of the record never changes.
package record
