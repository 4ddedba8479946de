package table

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// missing says whether a field's text stands for no value, as spreadsheets, R, pandas and databases write it.
func missing(text string) bool {
	if len(text) > len("#n/a") || len(text) > 0 && '0' <= text[0] && text[0] <= '9' {
		return false
	}
	switch strings.ToLower(text) {
	case "", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a":
		return true
	}
	return false
}

// thousands is a number whose whole part has points between its thousands.
var thousands = regexp.MustCompile(`^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$`)

// number reads a finite number; with comma, "1.234,5" and "0,5", but no decimal point.
func number(text string, comma bool) (float64, bool) {
	if comma {
		if strings.Contains(text, ".") {
			if !thousands.MatchString(text) {
				return 0, false
			}
			text = strings.ReplaceAll(text, ".", "")
		}
		text = strings.Replace(text, ",", ".", 1)
	}
	if v, ok := plain(text); ok {
		return v, true
	}
	if strings.ContainsAny(text, "xXpP_") { // hexadecimal, and Go's own ways of writing
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// powers are those of ten that a float64 holds exactly and that a number of 15 digits is divided by.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// plain reads a number as most are written: a sign, up to 15 digits and a point among them. Digits and power are exact, so that their quotient is
// the nearest float64, as strconv finds in several times the time (Clinger 1990, "How to Read Floating Point Numbers Accurately").
func plain(text string) (float64, bool) {
	digits, behind, point := 0, 0, false
	whole := uint64(0)
	rest := text
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case '0' <= c && c <= '9':
			whole = 10*whole + uint64(c-'0')
			digits++
			if point {
				behind++
			}
		case c == '.' && !point:
			point = true
		default:
			return 0, false
		}
		if digits == len(powers) {
			return 0, false
		}
	}
	v := float64(whole) / powers[behind]
	if text[:len(text)-len(rest)] == "-" {
		v = -v
	}
	return v, digits > 0
}

var dates = regexp.MustCompile(`^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$`)

func date(text string) bool { return dates.MatchString(text) }

// infinite says whether a text stands for an infinite number, which no bounds hold.
func infinite(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && math.IsInf(v, 0)
}
