package main

import (
	"strconv"
	"strings"
)

// encodings are the content codings that a file may lie ready in, the preferred one first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// qualities reads an Accept-Encoding header (RFC 9110, Section 12.5.3): a weight from 0 to 1 for each coding. A weight
// that cannot be read counts as 0, as does a coding that neither stands there nor is covered by "*".
func qualities(header string) func(coding string) float64 {
	stated := map[string]float64{}
	for item := range strings.SplitSeq(header, ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "x-gzip" { // RFC 9110, Section 8.4.1.3
			coding = "gzip"
		}
		stated[coding] = weight(parameters)
	}
	return func(coding string) float64 {
		if q, ok := stated[coding]; ok {
			return q
		}
		return stated["*"]
	}
}

func weight(parameters string) float64 {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return 1
	}
	name, value, _ := strings.Cut(parameters, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

// choose picks the acceptable coding with the greatest weight among those at hand; ties go to the preferred one. An empty
// answer is the file as it is, which wins only when it is stated to be preferred, and is also the last resort.
func choose(header string, atHand func(suffix string) bool) (coding, suffix string) {
	quality := qualities(header)
	best := 0.0
	for _, e := range encodings {
		if q := quality(e.name); q > best && atHand(e.suffix) {
			best, coding, suffix = q, e.name, e.suffix
		}
	}
	if identity := quality("identity"); identity > best {
		return "", ""
	}
	return coding, suffix
}
