// Package audit is the log of an archive: what was done, in order, since the
// archive was begun.
//
// It guarantees one chain from genesis. The first record's prev_hash is the
// SHA-256 of the profile's bytes, every later one's is the hash of the record
// before it, record 0 is the genesis and no other record is. A file that was
// edited, spliced, reordered, that lost a record inside or whose last line is
// cut is never parsed; an edit that rehashes what it changed breaks the link to
// the next record. A log cut off after a whole record is still a log, of
// another head: heads on paper (Head) and later copies find that.
//
// A file is lines, each one record and one LF. A line is the record in the
// canonical form of RFC 8785, with exactly the members
//
//	{"data":{…},"event":"…","hash":"…","prev_hash":"…","seq":N,"time":"…"}
//
// seq counts from 0; time is RFC 3339 in UTC, whole seconds, and never falls;
// data has exactly the members of the event's type; numbers are integers from 0
// to 2^53; hash is the SHA-256, in lower-case hex, of the same canonical form
// without its hash member. A verifier that encodes every record again and
// compares bytes therefore refuses duplicate members, other spellings of a
// number or a string, and unknown, missing or null members.
//
// The tree is that of RFC 6962 section 2.1. Its leaves are the lines without
// their LF, hash member included: leaf hash = SHA-256(00h ‖ line).
package audit
