package train

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// room is the name of the package that an error comes from: it helps whoever mends the program, and nobody else.
var room = regexp.MustCompile(`(^|\n|: )(?:(?:train|protocol|dp|ledger|mechanism|audit|replay|demo|backend|accountant|clip|compile|data|nn): )+`)

// Words are an error's for the person at the page: one sentence a line, without the names of packages.
func Words(err error) string {
	lines := strings.Split(room.ReplaceAllString(err.Error(), "$1"), "\n")
	for i, line := range lines {
		if first, size := utf8.DecodeRuneInString(line); size > 0 {
			lines[i] = string(unicode.ToUpper(first)) + line[size:]
		}
	}
	return strings.Join(lines, "\n")
}
