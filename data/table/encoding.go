package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Encodings of text that are read.
const (
	UTF8        = "utf-8"
	UTF16LE     = "utf-16le"
	UTF16BE     = "utf-16be"
	Windows1252 = "windows-1252"
)

// Encodings lists the names of the encodings.
func Encodings() []string { return []string{UTF8, UTF16LE, UTF16BE, Windows1252} }

// DetectEncoding guesses a file's encoding from its beginning: by its byte order mark, by the zeros of UTF-16, or because it is valid
// UTF-8. What is none of these is one of many; sure is then false, and the person is asked.
func DetectEncoding(head []byte) (name string, sure bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return UTF8, true
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return UTF16LE, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return UTF16BE, true
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case zeros[1] > half*2/5 && zeros[0] < half/10:
		return UTF16LE, true
	case zeros[0] > half*2/5 && zeros[1] < half/10:
		return UTF16BE, true
	}
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ { // the sample may end amid a character
		if utf8.Valid(head[:len(head)-cut]) {
			return UTF8, true
		}
	}
	return Windows1252, len(head) == 0
}

// decoded reads text in an encoding as UTF-8, without a byte order mark.
func decoded(r io.Reader, name string) (io.Reader, error) {
	var e encoding.Encoding
	switch name {
	case UTF8:
		return withoutMark(r)
	case UTF16LE:
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case UTF16BE:
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case Windows1252:
		e = charmap.Windows1252
	default:
		return nil, fmt.Errorf("table: encoding %q: want one of %v", name, Encodings())
	}
	return e.NewDecoder().Reader(r), nil
}

func withoutMark(r io.Reader) (io.Reader, error) {
	var start [3]byte
	n, err := io.ReadFull(r, start[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	begin := bytes.TrimPrefix(start[:n], []byte{0xef, 0xbb, 0xbf})
	return io.MultiReader(bytes.NewReader(begin), r), nil
}
