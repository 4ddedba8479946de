// Package features makes vectors of records by fixed maps: what people call features, but learned from no record of a run. A
// network of one layer on such vectors learns more from few records, at a small epsilon, than a deeper one from the records
// themselves (Tramer and Boneh 2021, "Differentially Private Learning Needs Better Features (or Much More Data)").
//
// Every constant of a map is stated here or computed from synthetic records, which a fixed public seed draws: the dictionary, both
// whitenings, means and scales. A record's features are a function of that record and of nothing else that is private, so a
// run on features spends what a run on records does.
//
// A map is a [Patches] description (plain data, with a fingerprint) and the constants that [Build] makes of it. Computing a record's
// features takes some hundred million operations; package nn/compile/extract emits them, and the plain-Go reference here, one
// window at a time in float64, is what they are held against.
package features

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"cloister/nn"
	"cloister/nn/compile/extract"
)

// version counts changes of what a description means: it is part of every fingerprint.
const version = 1

// Patches describes a patch dictionary of the second generation. Windows of an image are standardised, whitened, damped where they hold
// little, and compared with atoms, directions that synthetic windows cluster around. What a response exceeds a threshold by,
// and what its opposite does, is summed with Gaussian windows over the image and, where that is said to keep its meaning,
// its mirror image. Roots of the sums are whitened, each cell's brought to a common size, and all to norm one.
type Patches struct {
	Input  nn.Shape `json:"input"`  // uint8 images; of sound, spectrograms
	Side   int      `json:"side"`   // of a window, in pixels
	Atoms  int      `json:"atoms"`  // a multiple of eight
	Fine   int      `json:"fine"`   // responses are summed on Fine x Fine cells first
	Grid   int      `json:"grid"`   // and then with Gaussian windows on Grid x Grid
	Mirror bool     `json:"mirror"` // a mirror image keeps its meaning

	Contrast  float64 `json:"contrast"`  // added to a window's variance, of values 0 to 255
	Ridge     float64 `json:"ridge"`     // added to the covariance of windows
	Floor     float64 `json:"floor"`     // added to a whitened window's mean square
	Threshold float64 `json:"threshold"` // of a response
	Blur      float64 `json:"blur"`      // standard deviation of the Gaussian windows, in cells of the grid

	OutputRidge float64 `json:"outputRidge"` // added to the covariance of standardised features
	CellFloor   float64 `json:"cellFloor"`   // added to a cell's mean square
	Range       float64 `json:"range"`       // of a byte, in root mean squares of a feature

	Synthetic Synthetic `json:"synthetic"`
}

// Synthetic says which records constants are computed from.
type Synthetic struct {
	Kind    string `json:"kind"` // Leaves, Strokes, Mixed or Babble
	Seed    uint64 `json:"seed"`
	Images  int    `json:"images"`
	Windows int    `json:"windows"` // that the atoms are made of
	Rounds  int    `json:"rounds"`  // of spherical k-means
}

// Channels is the number of features of a cell, Cells that of cells.
func (p *Patches) Channels() int { return 2 * p.Atoms }
func (p *Patches) Cells() int    { return p.Grid * p.Grid }

// Len is the number of features of a record.
func (p *Patches) Len() int { return p.Cells() * p.Channels() }

// Step is what a byte of a quantised feature counts: its value is (byte - 128) Step.
func (p *Patches) Step() float64 { return step(p.Range, p.Len()) }

// step is what a byte counts of vectors of norm one, whose values have a root mean square of one by the root of their number: the
// bytes reach so many of them, and what lies beyond is cut off.
func step(reach float64, values int) float64 { return reach / (127 * math.Sqrt(float64(values))) }

// bytesRange is that reach, where nothing asks for another.
const bytesRange = 6

func quantised(x, step float64) byte { return byte(min(255, max(0, math.RoundToEven(128+x/step)))) }

// Fingerprint names a map by everything that it is a function of. It is the same on every machine.
func (p *Patches) Fingerprint() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and text only; Validate refuses what JSON cannot say
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "cloister features %d %s", version, text))
	return hex.EncodeToString(sum[:])
}

// Bounds on a description's work.
const (
	maxSynthetic = 20_000
	maxWindows   = 200_000
	maxRounds    = 100
	maxFeatures  = 1 << 16
)

// Validate reports the first thing that is wrong with a description.
func (p *Patches) Validate() error {
	for _, v := range []float64{p.Contrast, p.Ridge, p.Floor, p.Threshold, p.Blur, p.OutputRidge, p.CellFloor, p.Range} {
		if !(v > 0 && v <= 1e6) {
			return fmt.Errorf("features: a constant is %g: want a positive number", v)
		}
	}
	s := p.Synthetic
	switch {
	case !slices.Contains([]string{Leaves, Strokes, Mixed, Babble}, s.Kind):
		return fmt.Errorf("features: synthetic records %.40q: want %q, %q, %q or %q", s.Kind, Leaves, Strokes, Mixed, Babble)
	case s.Images < 1 || s.Images > maxSynthetic || s.Windows < 1 || s.Windows > maxWindows || s.Rounds < 0 || s.Rounds > maxRounds:
		return fmt.Errorf("features: %d synthetic images, %d windows, %d rounds: want at most %d, %d, %d", s.Images, s.Windows, s.Rounds, maxSynthetic, maxWindows, maxRounds)
	case p.Grid < 1 || p.Fine < p.Grid:
		return fmt.Errorf("features: a grid of %d cells a side, made of %d", p.Grid, p.Fine)
	}
	if s.Kind == Babble {
		if _, err := p.recording(); err != nil {
			return err
		}
	}
	shapes := p.compiled(&Dictionary{}, nil)
	n := p.Side * p.Side * p.Input.C
	if p.Atoms < 1 || p.Atoms > extract.MaxAtoms || n < 1 || n > 4096 || p.Fine > 1<<10 {
		return fmt.Errorf("features: %d atoms of windows of %d values on a grid of %d cells a side", p.Atoms, n, p.Fine)
	}
	shapes.Weights = make([]float32, p.Cells()*p.Fine*p.Fine)
	shapes.Whiten, shapes.Atom = make([]float32, n*(n+1)), make([]float32, p.Atoms*(n+1))
	if err := shapes.Validate(); err != nil {
		return err
	}
	if p.Len() > maxFeatures {
		return fmt.Errorf("features: %d features a record: want at most %d", p.Len(), maxFeatures)
	}
	return nil
}

// compiled is the description that package extract takes.
func (p *Patches) compiled(d *Dictionary, w *Whitening) *extract.Patches {
	c := &extract.Patches{
		Input: p.Input, Side: p.Side, Atoms: p.Atoms, Fine: p.Fine, Cells: p.Cells(), Mirror: p.Mirror,
		Contrast: float32(p.Contrast), Floor: float32(p.Floor), Threshold: float32(p.Threshold),
		Weights: d.Windows, Whiten: d.Whiten, Atom: d.Atoms,
	}
	if w != nil {
		c.Output = &extract.Output{Matrix: w.Matrix, Bias: w.Bias, Floor: float32(p.CellFloor), Step: float32(p.Step())}
	}
	return c
}
