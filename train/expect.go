package train

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cloister/data"
	"cloister/train/protocol"
)

// What a run may come to, before it: from stated facts alone, so that telling it costs nothing.

//go:embed expect.json
var measuredFile string

// measured are runs of presets on public data, by "go run ./cmd/experiments forecast".
var measured = readMeasured(measuredFile)

// Measured is one measured run of a preset on public data.
type Measured struct {
	Kind      string  `json:"kind"` // of the records: data.Image ...
	Data      string  `json:"data"` // name of the public set
	Classes   int     `json:"classes"`
	Model     string  `json:"model"`
	Records   int     `json:"records"`
	Epsilon   float64 `json:"epsilon"`
	Delta     float64 `json:"delta"`
	BatchSize int     `json:"batchSize"`
	Epochs    float64 `json:"epochs"`
	Seed      uint64  `json:"seed"`
	Accuracy  float64 `json:"accuracy"` // on public test records, 0 to 1
}

// readMeasured reads a list of flat objects, one a line, whose texts hold neither comma nor colon. Package encoding/json would be a
// twentieth of the trainer's download, for this table alone.
func readMeasured(file string) (rows []Measured) {
	for line := range strings.Lines(file) {
		line = strings.Trim(line, "[]{},\n")
		if line == "" {
			continue
		}
		var m Measured
		for field := range strings.SplitSeq(line, ",") {
			key, value, _ := strings.Cut(field, ":")
			m.set(strings.Trim(key, `"`), strings.Trim(value, `"`))
		}
		rows = append(rows, m)
	}
	return rows
}

// set sets the field of this name in the file. What is no number becomes 0, and an unknown name nothing: the table is our own, and a
// test compares.
func (m *Measured) set(key, value string) {
	number, _ := strconv.ParseFloat(value, 64)
	switch key {
	case "kind":
		m.Kind = value
	case "data":
		m.Data = value
	case "classes":
		m.Classes = int(number)
	case "model":
		m.Model = value
	case "records":
		m.Records = int(number)
	case "epsilon":
		m.Epsilon = number
	case "delta":
		m.Delta = number
	case "batchSize":
		m.BatchSize = int(number)
	case "epochs":
		m.Epochs = number
	case "seed":
		m.Seed = uint64(number)
	case "accuracy":
		m.Accuracy = number
	}
}

// Same tells whether two rows are of the same run.
func (m Measured) Same(o Measured) bool {
	return m.Data == o.Data && m.Model == o.Model && m.Records == o.Records && m.Epsilon == o.Epsilon && m.Seed == o.Seed
}

// Facts are what a forecast goes by. All of them are stated.
type Facts struct {
	Kind, Model string
	Classes     int
	Units       int // records, or persons: N
	Epsilon     float64
}

// drownedBelow is the share of the way from guessing to knowing that must be expected at least, of the easiest set, for a run to be worth it.
const drownedBelow = 0.15

// runSpread is the standard deviation of one run's accuracy about another's with the same settings, of subsets, noise and test records: pooled
// over what was measured twice. A range is wider than what was measured by two of it at both ends.
const runSpread = 0.027

// reach is up to how many times the largest measured set something is told of larger ones: what more would reach nobody measured.
const reach = 2

// Expect tells between which accuracies runs like one came out. It interpolates the measured sets' mean accuracies, linearly in log N and
// log epsilon, and never goes beyond what was measured: somewhat more records, or a larger epsilon, are told at the measured end. The range is over sets,
// repeated runs of each, and what one more run may differ from them. Other numbers of classes are scaled from guessing (1/classes). nil: nothing alike was measured.
func Expect(rows []Measured, f Facts) *protocol.Expected {
	surfaces := surfacesOf(rows, f)
	if len(surfaces) == 0 || f.Units < 1 || f.Units > reach*slices.Max(sizes(surfaces)) || !(f.Epsilon > 0) || f.Classes < 2 {
		return nil
	}
	low, high, ok := spread(surfaces, f, f.Units)
	if !ok {
		return nil
	}
	guessing := 1 / float64(f.Classes)
	e := &protocol.Expected{Drowned: high < guessing+drownedBelow*(1-guessing)}
	e.Low, e.High = another(low, high, guessing)
	for _, n := range sizes(surfaces) {
		if low, high, ok := spread(surfaces, f, n); ok {
			low, high = another(low, high, guessing)
			e.Curve = append(e.Curve, protocol.ExpectedPoint{Records: n, Low: low, High: high})
		}
	}
	var names []string
	for _, s := range surfaces {
		set, _, _ := strings.Cut(s.name, "-features")
		names = append(names, set)
	}
	what := "public data"
	switch f.Kind {
	case data.Table:
		what = "generated tables with classes of equal size"
	case data.Vector:
		what = "fixed features of public data"
	}
	e.Basis = fmt.Sprintf("Measured on %s (%s) with this model and its preset, once or twice each, up to %d records; other data are easier or harder.",
		what, strings.Join(names, ", "), slices.Max(sizes(surfaces)))
	return e
}

// another is where one more run may come out, beside some that came out between low and high.
func another(low, high, guessing float64) (float64, float64) {
	return max(min(low, guessing), low-2*runSpread), min(1, high+2*runSpread)
}

// surface is what was measured of one set: the share of the way from guessing to knowing, by N and epsilon, of repeated runs together.
type surface struct {
	name string
	at   map[int]map[float64][]float64
}

func surfacesOf(rows []Measured, f Facts) (all []surface) {
	for _, r := range rows {
		if r.Kind != f.Kind || r.Model != f.Model || r.Classes < 2 {
			continue
		}
		i := slices.IndexFunc(all, func(s surface) bool { return s.name == r.Data })
		if i < 0 {
			i, all = len(all), append(all, surface{r.Data, map[int]map[float64][]float64{}})
		}
		byEpsilon := all[i].at[r.Records]
		if byEpsilon == nil {
			byEpsilon = map[float64][]float64{}
			all[i].at[r.Records] = byEpsilon
		}
		guessing := 1 / float64(r.Classes)
		byEpsilon[r.Epsilon] = append(byEpsilon[r.Epsilon], max(0, (r.Accuracy-guessing)/(1-guessing)))
	}
	return all
}

func sizes(surfaces []surface) (all []int) {
	for _, s := range surfaces {
		for n := range s.at {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// spread is the range over sets at n records, in accuracy. Fewer records than were ever measured reach down to guessing.
func spread(surfaces []surface, f Facts, n int) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range surfaces {
		least, most, here := s.read(n, f.Epsilon)
		if !here {
			continue
		}
		low, high, ok = min(low, least), max(high, most), true
	}
	guessing := 1 / float64(f.Classes)
	return guessing + low*(1-guessing), guessing + high*(1-guessing), ok
}

// read interpolates between the neighbouring sizes, and there between the neighbouring budgets: the least and the most of repeated runs.
func (s *surface) read(n int, epsilon float64) (least, most float64, ok bool) {
	var known []float64
	for size := range s.at {
		known = append(known, float64(size))
	}
	below, above, share := between(known, float64(n))
	l0, m0, ok0 := lineOf(s.at[int(below)], epsilon)
	l1, m1, ok1 := lineOf(s.at[int(above)], epsilon)
	if float64(n) < below { // so few were never tried: anything from guessing to what the fewest reached
		l0, l1 = 0, 0
	}
	return l0 + share*(l1-l0), m0 + share*(m1-m0), ok0 && ok1
}

func lineOf(byEpsilon map[float64][]float64, epsilon float64) (least, most float64, ok bool) {
	var known []float64
	for e := range byEpsilon {
		known = append(known, e)
	}
	if len(known) == 0 {
		return 0, 0, false
	}
	below, above, share := between(known, epsilon)
	if epsilon < below {
		return 0, slices.Max(byEpsilon[below]), true
	}
	return slices.Min(byEpsilon[below]) + share*(slices.Min(byEpsilon[above])-slices.Min(byEpsilon[below])),
		slices.Max(byEpsilon[below]) + share*(slices.Max(byEpsilon[above])-slices.Max(byEpsilon[below])), true
}

// between are the neighbours of x among some points, and where it lies between them on a logarithmic scale; both are the end beyond which x lies.
func between(points []float64, x float64) (below, above, share float64) {
	slices.Sort(points)
	i, exact := slices.BinarySearch(points, x)
	switch {
	case exact:
		return x, x, 0
	case i == 0:
		return points[0], points[0], 0
	case i == len(points):
		return points[i-1], points[i-1], 0
	}
	below, above = points[i-1], points[i]
	return below, above, math.Log(x/below) / math.Log(above/below)
}

// expected is what to expect of the planned run. A run without noise is unlike those measured, and so are vectors of a person's own encoder.
func (p *Proposal) expected() *protocol.Expected {
	d := p.dataset
	if p.config.NonPrivate || d.Encoder() != "" {
		return nil
	}
	return Expect(measured, Facts{Kind: d.Kind, Model: p.config.Model, Classes: len(d.Classes), Units: units(&d.Manifest, data.TrainSplit), Epsilon: p.config.Epsilon})
}
