// Package disc keeps an archive on write-once optical discs.
//
// It guarantees:
//
//   - A session is written in order from the address that the drive itself
//     gives for it (NWA), and nowhere else. Without a valid one nothing is
//     written.
//   - Just before the first write, with removal prevented, the disc is looked
//     at once more, and nothing is written unless it is the one expected.
//   - A Receipt stands for a session that was closed, found in the disc's own
//     table, read back in full by READ(10), from the medium and not from what
//     the drive remembers of it, and compared to the last byte.
//     Nothing else makes one.
//   - A medium that can be erased or overwritten is refused.
//   - A session has exactly one valid encoding. ReadSession and Session.Verify
//     accept no other, so nothing can hide beside the files.
//   - Nothing read from a disc is trusted: every length is bounded, time is
//     linear in what is read, and no input panics.
//
// What is in the files, and which sessions belong together, is the business of
// others: this package knows names, sizes and bytes.
//
// # The disc
//
// Sectors are 2048 bytes. A step of a ceremony is one session of one track.
// Sessions begin where the drive says: at 0, and then behind whatever gap the
// medium needs. Nothing but sessions is on the disc; in a plain image of it the
// gaps are zeros. Every session repeats all earlier directories, so the last
// one, mounted anywhere, is the whole archive.
//
// # A session
//
// Each is an ISO 9660 volume (ECMA-119, interchange level 2) with Rock Ridge
// (RRIP 1.10 over SUSP 1.10), whose addresses count from the beginning of the
// disc. Two images with the same volume, start and files are the same bytes. In
// sectors from the session's first:
//
//	0-15     zeros
//	16       primary volume descriptor
//	17       volume descriptor set terminator
//	18       path table, little-endian, p sectors
//	18+p     path table, big-endian, p sectors
//	18+2p    the continuation area: one ER entry, then zeros
//	19+2p    root directory
//	         the directories, in the order of the root's records
//	         the files' contents, in the order of directories and of their
//	         records, each from a sector's beginning and filled up with zeros
//	         zeros: 300 sectors or as many more as make the length a multiple
//	         of 32
//
// There are no optional path tables, no other volume descriptors, no extended
// attributes and no interleaving. What is not said below is zero, or spaces in
// a text field.
//
// Primary volume descriptor (ECMA-119 section 8.4):
//
//   - volume identifier: ANODIZE_, ANODIZE_REHEARSAL_ or ANODIZE_DEV_ by mode,
//     the first four bytes of the archive id in upper-case hex, an underscore
//     and the session's number in the archive in four digits;
//   - volume set identifier: ANODIZE_, the mode in upper case (PRODUCTION,
//     REHEARSAL, DEV), an underscore and the archive id in 64 hex digits;
//   - application identifier: ANODIZE; all other identifiers are spaces;
//   - volume space size: the session's length, padding included; volume set
//     size and sequence number: 1, since readers take no other;
//   - creation, modification and effective date: the session's time in UTC, to
//     the second, hundredths and offset zero; expiration: sixteen digits 0 and
//     a zero byte;
//   - the root's record, which has no system use area.
//
// A directory has the name of its step in Rock Ridge (20260425T143000Z-intent)
// and, as plain identifier, that name in upper case with _ for - . The root
// lists directories in ascending order of time, which is the order of names; no
// time is there twice. A file has its name in Rock Ridge (AUDIT.LOG) and the
// same with ;1 behind it as plain identifier. Files are in ascending order of
// names as bytes. A record that does not fit into what is left of a sector
// stands in the next one. Times of a directory and of its files are that of
// the directory's name; the root's, and that of every "..", is the session's.
// An empty file's extent is where its content would be.
//
// The system use area of every record holds, in this order:
//
//	SP   check bytes BE EF, skip 0; in the root's own record only
//	RR   one byte: 81, or 89 where NM follows
//	NM   flags 0, then the name; not in the records of "." and ".."
//	PX   36 bytes: mode 040555 for directories, 0100444 for files; links: 2
//	     and the number of directories for the root, 2 for a directory, 1 for a
//	     file; user 0, group 0
//	TF   flags 0E: modification, access and attributes, all the same, 7 bytes
//	     each
//	CE   sector 18+2p, offset 0, length 237; in the root's own record only
//
// and a zero byte if the record's length would be odd. The ER entry names
// RRIP_1991A with the description and source that RRIP 1.10 gives.
package disc
