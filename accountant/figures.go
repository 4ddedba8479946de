package accountant

import (
	"math"
	"strconv"
	"strings"
)

// Figure is a kind of figure that people are shown. Every figure of a kind is written here and nowhere else (for the
// page, by its twin in static/src/format.ts; both are held to testdata/figures.csv), so that no caller chooses a
// direction of rounding: what is printed, read back as a number, never claims more than what was proven.
//
// A figure is rounded in its kind's direction to a number of significant digits. "Rounded up to n digits" means: of the
// decimals of n digits whose nearest float64 is not below the value, the least. So 0.1 is "0.1", although the float64 of
// that name is a little more than a tenth, and the next float64 is "0.1001" where there are four digits.
//
//	kind          what it is                                     direction  digits  zeros at the end
//	epsilon       an upper bound on epsilon, alone               up         3       kept ("3.00")
//	epsilonUpper  the same, beside a lower bound                 up         5       kept
//	epsilonLower  a lower bound on epsilon                       down       5       kept
//	delta         an upper bound on delta, or a chosen delta     up         4       dropped ("1e-5"); above 1, "1"
//	deltaLower    a lower bound on delta                         down       4       dropped
//	probability   an upper bound on a probability: advantage,    up         4       dropped; above 1, "1"
//	              true positives, belief, right guesses
//	percentage    the same in per cent                           up         3       dropped; above 1, "100 %"
//	noise         a noise multiplier that suffices               up         5       dropped
//	given         what a person stated: a delta asked about,     none       as many as tell it from every other float64
//	              a rate, a prior
//
// A chosen delta may be written as a delta where upper bounds alone stand beside it, since an epsilon proven at a delta
// holds at every larger one; beside a lower bound it has to be written as given.
//
// From 0.001 to below a million (after rounding; in per cent, of the number before the sign) figures are plain decimals;
// others are written as "1.23e-4" or "4e7", without a plus sign or leading zeros in the exponent. Zero is "0".
//
// What is no bound is said in words: where an upper bound is infinite, not a number or negative, "no bound"; where a
// lower bound is not a number or negative, "unknown". A lower bound of infinity is "infinity".
type Figure string

// The kinds of figures.
const (
	FigureEpsilon      Figure = "epsilon"
	FigureEpsilonUpper Figure = "epsilonUpper"
	FigureEpsilonLower Figure = "epsilonLower"
	FigureDelta        Figure = "delta"
	FigureDeltaLower   Figure = "deltaLower"
	FigureProbability  Figure = "probability"
	FigurePercentage   Figure = "percentage"
	FigureNoise        Figure = "noise"
	FigureGiven        Figure = "given"
)

// figureRule is how a kind is written.
type figureRule struct {
	digits int // 0: as many as it takes
	down   bool
	zeros  bool // kept at the end
	most   float64
	shift  int // powers of ten by which what is printed exceeds the value
	suffix string
}

var figureRules = map[Figure]figureRule{
	FigureEpsilon:      {digits: 3, zeros: true, most: math.MaxFloat64},
	FigureEpsilonUpper: {digits: 5, zeros: true, most: math.MaxFloat64},
	FigureEpsilonLower: {digits: 5, zeros: true, most: math.MaxFloat64, down: true},
	FigureDelta:        {digits: 4, most: 1},
	FigureDeltaLower:   {digits: 4, most: math.MaxFloat64, down: true},
	FigureProbability:  {digits: 4, most: 1},
	FigurePercentage:   {digits: 3, most: 1, shift: 2, suffix: " %"},
	FigureNoise:        {digits: 5, most: math.MaxFloat64},
	FigureGiven:        {most: math.MaxFloat64},
}

// Text writes a value as its kind demands. An unknown kind has no bound.
func (f Figure) Text(v float64) string {
	rule, known := figureRules[f]
	switch {
	case rule.down && math.IsInf(v, 1):
		return "infinity"
	case rule.down && !(v >= 0):
		return "unknown"
	case !known || !(v >= 0) || math.IsInf(v, 1):
		return "no bound"
	case v == 0:
		return "0" + rule.suffix
	}
	digits, exponent := rule.round(min(v, rule.most))
	return rule.lay(digits, exponent+rule.shift) + rule.suffix
}

// round returns the digits d and the exponent e of d[0].d[1]d[2]... * 10^e.
func (r figureRule) round(v float64) (digits string, exponent int) {
	text := strconv.FormatFloat(v, 'e', r.digits-1, 64) // nearest
	mantissa, e, _ := strings.Cut(text, "e")
	exponent, _ = strconv.Atoi(e)
	digits = strings.Replace(mantissa, ".", "", 1)
	if r.digits == 0 {
		return digits, exponent
	}
	// Out of range it is infinite, which is above v indeed.
	read, _ := strconv.ParseFloat(text, 64)
	n, _ := strconv.Atoi(digits)
	switch {
	case r.down && read > v:
		n--
	case !r.down && read < v:
		n++
	}
	digits = strconv.Itoa(n)
	switch {
	case len(digits) > r.digits: // 9.99 became 10.00
		return digits[:r.digits], exponent + 1
	case len(digits) < r.digits: // 1.00 became 0.99: there is room for one more digit
		return digits + "9", exponent - 1
	}
	return digits, exponent
}

// lay places the decimal point.
func (r figureRule) lay(digits string, exponent int) string {
	trim := func(s string) string {
		if !r.zeros && strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	switch {
	case exponent < -3 || exponent >= 6:
		return strings.TrimSuffix(trim(digits[:1]+"."+digits[1:]), ".") + "e" + strconv.Itoa(exponent)
	case exponent < 0:
		return trim("0." + strings.Repeat("0", -exponent-1) + digits)
	case exponent >= len(digits)-1:
		return digits + strings.Repeat("0", exponent-len(digits)+1)
	}
	return trim(digits[:exponent+1] + "." + digits[exponent+1:])
}

// RoundUp rounds a positive x up to so many significant digits.
func RoundUp(x float64, digits int) float64 { return roundTo(x, figureRule{digits: digits}) }

// RoundDown rounds a positive x down to so many significant digits.
func RoundDown(x float64, digits int) float64 {
	return roundTo(x, figureRule{digits: digits, down: true})
}

func roundTo(x float64, r figureRule) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return x
	}
	rounded, exponent := r.round(x)
	v, _ := strconv.ParseFloat(rounded+"e"+strconv.Itoa(exponent-len(rounded)+1), 64) // infinite if out of range
	return v
}
