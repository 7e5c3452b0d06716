package profile

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A table is one [name] or [[name]] with the keys below it.
type table struct {
	name    string
	array   bool
	line    int
	entries []entry
}

// An entry is one "key = value" with its line.
type entry struct {
	key   string
	line  int
	value any // string, int64, []string, or a kind
}

// A kind names a value of a type that no key takes.
type kind string

// maxShown bounds how much of a wrong value is repeated in a Problem.
const maxShown = 60

// readTables reads a whole file. It returns no tables if it returns problems.
func readTables(data []byte) ([]table, Problems) {
	if problems := checkFile(data); problems != nil {
		return nil, problems
	}
	// The decoder knows all of TOML's rules, duplicates included; the parser
	// below knows the lines.
	var all map[string]any
	if err := toml.Unmarshal(data, &all); err != nil {
		return nil, syntaxProblem(err)
	}
	var tables []table
	var problems Problems
	var parser unstable.Parser
	parser.Reset(data)
	for parser.NextExpression() {
		node := parser.Expression()
		key, line := keyOf(data, node)
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			tables = append(tables, table{name: key, array: node.Kind == unstable.ArrayTable, line: line})
		case unstable.KeyValue:
			if len(tables) == 0 {
				problems.add(line, key, "stands before the first table", "write [ca] above it")
				continue
			}
			last := &tables[len(tables)-1]
			last.entries = append(last.entries, entry{key, line, valueOf(node.Value())})
		}
	}
	if err := parser.Error(); err != nil {
		return nil, syntaxProblem(err)
	}
	if problems != nil {
		return nil, problems
	}
	return tables, nil
}

// checkFile checks what holds for the file as a whole.
func checkFile(data []byte) (problems Problems) {
	if len(data) > MaxSize {
		problems.add(1, "", fmt.Sprintf("the file has %d bytes", len(data)),
			fmt.Sprintf("write at most %d", MaxSize))
		return problems
	}
	if bytes.HasPrefix(data, []byte("\uFEFF")) {
		problems.add(1, "", "the file begins with a byte order mark", "save it as UTF-8 without one")
		return problems
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			problems.add(i+1, "", "not UTF-8", "save the file as UTF-8")
			return problems
		}
	}
	return nil
}

func syntaxProblem(err error) (problems Problems) {
	line, what := 1, err.Error()
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, _ = decode.Position()
	}
	problems.add(line, "", strings.TrimPrefix(what, "toml: "),
		`write TOML: key = "text" or key = number, once each, under [ca], [hsm] or [[cert_profiles]]`)
	return problems
}

// keyOf returns the key of a table or of a key and value, and its line.
func keyOf(data []byte, node *unstable.Node) (key string, line int) {
	var parts []string
	line = 1
	for it := node.Key(); it.Next(); {
		if len(parts) == 0 {
			line += bytes.Count(data[:it.Node().Raw.Offset], []byte("\n"))
		}
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, "."), line
}

func valueOf(node *unstable.Node) any {
	switch node.Kind {
	case unstable.String:
		return string(node.Data)
	case unstable.Integer:
		if n, err := strconv.ParseInt(string(node.Data), 0, 64); err == nil {
			return n
		}
		return kind("a number beyond 64 bits")
	case unstable.Array:
		return arrayOf(node)
	case unstable.Bool:
		return kind("true or false")
	case unstable.Float:
		return kind("a fraction")
	case unstable.InlineTable:
		return kind("a table in braces")
	}
	return kind("a date or time")
}

// arrayOf returns a []string, or a kind if there is anything else in it.
func arrayOf(node *unstable.Node) any {
	list := []string{}
	for it := node.Children(); it.Next(); {
		switch it.Node().Kind {
		case unstable.Comment:
		case unstable.String:
			list = append(list, string(it.Node().Data))
		default:
			return kind("a list with something else than texts")
		}
	}
	return list
}

// describe says what a value is.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		return "the text " + quote(v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case []string:
		return "a list"
	}
	return fmt.Sprint(value)
}

// quote repeats a wrong text, escaped and cut.
func quote(s string) string {
	if runes := []rune(s); len(runes) > maxShown {
		return strconv.Quote(string(runes[:maxShown])) + "…"
	}
	return strconv.Quote(s)
}
