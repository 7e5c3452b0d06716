// Package state is what an archive's log amounts to: the state that stands in
// STATE.JSON, and the rules by which a log may get there.
//
// It guarantees that every state comes from a replay of the log from genesis
// (Machine, Replay, At), never from a file, and that a log which breaks a rule
// of the ceremony has no state. The rules:
//
//   - A session is the records up to and including a session.close. Directories
//     rise in time and end in -intent exactly if the session holds an intent, in
//     -commit exactly if it holds shares.committed. The last of these two, or
//     ceremony.end, is followed by nothing but session.void, clock.confirmed
//     and session.close; right after ceremony.end record.made may stand.
//   - session.close names STATE.JSON, PROFILE.TOML in the first session alone,
//     every certificate and CRL issued in its session, and RECORD.HTML exactly
//     if it holds record.made; nothing else.
//   - One ceremony at a time: ceremony.begin, after clock.confirmed and
//     environment.claimed in the same session; one intent of the same operation in that session; ceremony.end,
//     or intent.abandoned, in a later one.
//   - Write-ahead: nothing is asked of an HSM before the session with the
//     intent (init-root: the one with shares.committed) was closed and
//     session.verified.
//   - What is issued is what was intended: serial number, file, CRL number,
//     validity, key. It is issued after hsm.login, once.
//   - A serial number or CRL number that an intent named is used up, whether or
//     not anything was issued. CRL numbers rise.
//   - A device of the fleet opens to the generations of shares on record; a
//     login settles which. Shares for it are committed after a login by those so
//     far. It joins with the root's key, and the last one stays.
//   - There is one root certificate. Everything but init-root needs it.
//   - head.compared names a head that this log had; export.done names files
//     that a session holds.
package state
