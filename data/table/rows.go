package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const notUTF8 = "text that is not UTF-8: state the file's encoding (windows-1252?)"

// Bounds on a file's records. A stray quote swallows what follows it; past so many bytes it is taken for one.
const (
	maxRecord    = 256 << 10
	maxUnclosed  = 200 // after so many a file is given up: each costs a second look at what follows
	sampledBytes = 256 << 10
)

// Dialect is how a file's text is a table.
type Dialect struct {
	Encoding  string
	Delimiter rune
	Header    bool // the first row names the columns
	Comma     bool // decimals have a comma: 3,5
}

// rows reads records, and goes on after those that cannot be read.
type rows struct {
	lines    *bufio.Reader
	again    [][]byte    // lines that a bad record swallowed, to be read once more
	held     [][]byte    // lines of the current record
	size     int         // their bytes
	text     []byte      // what lines are kept in
	pending  []byte      // of the current line, what the parser has not taken
	line     int         // lines read, those in again left out
	first    int         // the line that the current record begins on
	parser   *csv.Reader // of records with quotes in them
	comma    string
	fields   []string // of the current record, where it has none
	unclosed int
}

// badRow is a record that cannot be read; reading may go on.
type badRow struct {
	line   int
	reason string
}

func (e *badRow) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

var errTooLong = errors.New("a record of more than 256 KiB: a stray quote?")

func newRows(r io.Reader, d Dialect) (*rows, error) {
	text, err := decoded(r, d.Encoding)
	if err != nil {
		return nil, err
	}
	if !validDelimiter(d.Delimiter) {
		return nil, fmt.Errorf("delimiter %q: want one character", d.Delimiter)
	}
	in := &rows{lines: bufio.NewReaderSize(text, 64<<10), comma: string(d.Delimiter)}
	in.restart()
	return in, nil
}

func (r *rows) restart() {
	r.parser = csv.NewReader((*feed)(r))
	r.parser.Comma, _ = utf8.DecodeRuneInString(r.comma)
	r.parser.FieldsPerRecord, r.parser.ReuseRecord = -1, true
	r.pending = nil
}

// feed gives the parser one line at a time, so that it never reads ahead of a record.
type feed rows

func (f *feed) Read(p []byte) (int, error) {
	r := (*rows)(f)
	if len(r.pending) == 0 {
		line, err := r.next()
		if err != nil {
			return 0, err
		}
		if r.size += len(line); r.size > maxRecord {
			r.again = append([][]byte{line}, r.again...)
			return 0, errTooLong
		}
		r.held = append(r.held, line)
		r.pending = line
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

// next is the next line with its end, at most maxRecord and a little long.
func (r *rows) next() ([]byte, error) {
	if len(r.again) > 0 {
		line := r.again[0]
		r.again = r.again[1:]
		return line, nil
	}
	start := len(r.text)
	for {
		part, err := r.lines.ReadSlice('\n')
		r.text = append(r.text, part...)
		line := r.text[start:len(r.text):len(r.text)]
		if err == nil || err == io.EOF && len(line) > 0 {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(line) > maxRecord {
			return line, r.skipLine()
		}
	}
}

// skipLine leaves out the rest of a line that is too long.
func (r *rows) skipLine() error {
	for {
		_, err := r.lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == io.EOF {
			return nil
		}
		return err
	}
}

// read is the next record, valid until the call after; its error is a *badRow when others follow. io.EOF ends.
func (r *rows) read() ([]string, error) {
	r.line += len(r.held)
	r.held, r.size, r.text = r.held[:0], 0, r.text[:0]
	if fields, err := r.simple(); fields != nil || err != nil {
		return fields, err
	}
	fields, err := r.parser.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	var parse *csv.ParseError
	if err != nil && !errors.As(err, &parse) && !errors.Is(err, errTooLong) {
		return nil, err
	}
	r.first = r.line + 1
	for i, line := range r.held { // empty lines come before the record
		if len(strings.TrimRight(string(line), "\r\n")) > 0 {
			r.first += i
			break
		}
	}
	if err != nil {
		return nil, r.recover(err)
	}
	for _, f := range fields {
		if !utf8.ValidString(f) {
			return nil, &badRow{r.first, notUTF8}
		}
	}
	return fields, nil
}

// simple reads a record without quotes, which is one line, as encoding/csv would, in a fraction of the time. What is another
// record, or none, it leaves for the parser.
func (r *rows) simple() ([]string, error) {
	for {
		line, err := r.next()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if len(line) > maxRecord || bytes.IndexByte(line, '"') >= 0 {
			r.again = append([][]byte{line}, r.again...)
			return nil, nil
		}
		r.line++
		if line = withoutEnd(line); len(line) == 0 {
			continue
		}
		r.first = r.line
		if !utf8.Valid(line) {
			return nil, &badRow{r.first, notUTF8}
		}
		r.fields = r.fields[:0]
		for rest, more := string(line), true; more; {
			var field string
			field, rest, more = strings.Cut(rest, r.comma)
			r.fields = append(r.fields, field)
		}
		return r.fields, nil
	}
}

// withoutEnd is a line without its line feed and the carriage return before that, or before the file's end.
func withoutEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

func validDelimiter(r rune) bool {
	return r != 0 && r != '"' && r != '\r' && r != '\n' && r != utf8.RuneError && utf8.ValidRune(r)
}

// recover gives up the first line of a record and takes up reading behind it.
func (r *rows) recover(err error) error {
	reason := "a quote amid a field, or one that is never closed"
	skip := max(1, r.first-r.line)
	if len(r.held) == 0 {
		reason, skip = errTooLong.Error(), 0
		if len(r.again) > 0 { // the line itself is too long
			r.again = r.again[1:]
			r.line++
		}
	}
	if len(r.held) > skip {
		if r.unclosed++; r.unclosed > maxUnclosed {
			return fmt.Errorf("line %d: more than %d quotes that are never closed", r.first, maxUnclosed)
		}
	}
	r.again = append(append([][]byte{}, r.held[min(skip, len(r.held)):]...), r.again...)
	r.held, r.text = r.held[:min(skip, len(r.held))], nil // lines to be read again are in the old text
	r.restart()
	return &badRow{r.first, reason}
}
