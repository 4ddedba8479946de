// Package markdown writes paragraphs and tables that read well as Markdown and on a terminal, and figures in them.
package markdown

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"
)

// Document is a text of paragraphs and tables.
type Document struct {
	parts []part
}

// part is a paragraph, or rows of a table of which the first is the head.
type part struct {
	text string
	rows [][]string
}

// Line adds a paragraph, or a heading.
func (d *Document) Line(format string, args ...any) {
	d.parts = append(d.parts, part{text: fmt.Sprintf(format, args...)})
}

// Row adds to the table just above, or begins one with its head.
func (d *Document) Row(cells ...string) {
	if n := len(d.parts); n > 0 && d.parts[n-1].rows != nil {
		d.parts[n-1].rows = append(d.parts[n-1].rows, cells)
		return
	}
	d.parts = append(d.parts, part{rows: [][]string{cells}})
}

// Write prints the document.
func (d *Document) Write(out io.Writer) error {
	var b strings.Builder
	for i, p := range d.parts {
		if i > 0 {
			b.WriteString("\n")
		}
		if p.rows == nil {
			b.WriteString(p.text + "\n")
			continue
		}
		writeTable(&b, p.rows)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeTable pads columns to their widest cell; all but the first are ranged right.
func writeTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(cell), 4)
		}
	}
	writeRow := func(row []string) {
		for c, cell := range row {
			space := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if c == 0 {
				b.WriteString("| " + cell + space + " |")
			} else {
				b.WriteString(" " + space + cell + " |")
			}
		}
		b.WriteString("\n")
	}
	writeRow(rows[0])
	b.WriteString("|")
	for c, w := range widths {
		if c == 0 {
			b.WriteString(" " + strings.Repeat("-", w) + " |")
		} else {
			b.WriteString(" " + strings.Repeat("-", w-1) + ": |")
		}
	}
	b.WriteString("\n")
	for _, row := range rows[1:] {
		writeRow(row)
	}
}

// Whole prints a whole number with its thousands separated.
func Whole(n int) string { return thousands(float64(n)) }

// Figure prints three significant digits, thousands separated, without an exponent for ordinary sizes.
func Figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v == 0:
		return "0"
	case math.Abs(v) >= 1000:
		return thousands(v)
	case math.Abs(v) >= 0.001:
		digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
		return fmt.Sprintf("%.*f", digits, v)
	}
	return fmt.Sprintf("%.3g", v)
}

// thousands rounds to a whole number of at least three significant digits: 24,213 and 1,050.
func thousands(v float64) string {
	text := fmt.Sprintf("%.0f", math.Abs(v))
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if v < 0 {
		text = "-" + text
	}
	return text
}

// WriteFile replaces a file with the document.
func (d *Document) WriteFile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("markdown: %w", err)
	}
	if err := d.Write(f); err != nil {
		f.Close()
		return fmt.Errorf("markdown: %s: %w", path, err)
	}
	return f.Close()
}
