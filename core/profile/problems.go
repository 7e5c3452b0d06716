package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing to change in a profile.
type Problem struct {
	Line    int    // from 1; for something missing, that of its table, or the last
	Key     string // "table.key", or "" for the file as a whole
	What    string // what is wrong
	Instead string // what to write instead
}

// String returns the problem on one line.
func (p Problem) String() string {
	key := p.Key
	if key != "" {
		key += ": "
	}
	return fmt.Sprintf("line %d: %s%s; %s", p.Line, key, p.What, p.Instead)
}

// Problems are all that is wrong with a profile, in the order of lines. It is
// the error that Parse returns.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(line int, key, what, instead string) {
	*p = append(*p, Problem{line, key, what, instead})
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}
