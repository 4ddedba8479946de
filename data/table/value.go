package table

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// missing says whether a field's text stands for no value, as spreadsheets, R, pandas and databases write it.
func missing(text string) bool {
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
	if strings.ContainsAny(text, "xXpP_") { // hexadecimal, and Go's own ways of writing
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

var dates = regexp.MustCompile(`^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$`)

func date(text string) bool { return dates.MatchString(text) }

// infinite says whether a text stands for an infinite number, which no bounds hold.
func infinite(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && math.IsInf(v, 0)
}
