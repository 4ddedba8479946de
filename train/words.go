package train

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// rooms are the names of packages that errors begin with: they help whoever mends the program, and nobody else.
var rooms = strings.Fields("train protocol dp ledger mechanism audit replay demo backend accountant clip compile data nn")

// Words are an error's for the person at the page: one sentence a line, without the names of packages.
func Words(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		parts := strings.Split(line, ": ")
		last := len(parts) - 1
		said := slices.DeleteFunc(parts[:last:last], func(part string) bool { return slices.Contains(rooms, part) })
		line = strings.Join(append(said, parts[last]), ": ")
		if first, size := utf8.DecodeRuneInString(line); size > 0 {
			line = string(unicode.ToUpper(first)) + line[size:]
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
