package audit

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what the session of a directory was burned for.
type Kind uint8

const (
	RecordSession Kind = iota // what was done
	IntentSession             // what will be done
	CommitSession             // who holds which share
)

// suffixes stand after the time in a directory's name, by kind.
var suffixes = [...]string{RecordSession: "", IntentSession: "-intent", CommitSession: "-commit"}

const directoryTime = "20060102T150405Z"

// DirectoryName names a session's directory: 20260425T143000Z-intent, -commit,
// or no suffix for a record. at is cut to whole seconds.
func DirectoryName(at time.Time, kind Kind) (string, error) {
	if int(kind) >= len(suffixes) {
		return "", fmt.Errorf("name a session: there is no kind %d", kind)
	}
	name := at.UTC().Format(directoryTime) + suffixes[kind]
	if _, _, err := ParseDirectory(name); err != nil {
		return "", err
	}
	return name, nil
}

// ParseDirectory reads a name as DirectoryName writes it.
func ParseDirectory(name string) (time.Time, Kind, error) {
	for kind, suffix := range suffixes {
		stamp, ok := strings.CutSuffix(name, suffix)
		if !ok || len(stamp) != len(directoryTime) {
			continue
		}
		t, err := time.Parse(directoryTime, stamp)
		if err == nil && t.Format(directoryTime) == stamp {
			return t, Kind(kind), nil
		}
	}
	return time.Time{}, 0, fmt.Errorf("%.80q is not a session's directory, such as 20260425T143000Z-intent", name)
}
