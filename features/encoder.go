package features

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloister/data"
)

// Encoder describes a network that a person brought, in the place of a map of ours: its file and what they say of it. Some other
// program runs it, one record at a time, so that a record's vector is a function of that record; what is here is what becomes of the vector.
//
// No record of a run shapes an encoder that was made before, so a run on its vectors spends what a run on the records does. Nothing is
// promised of what the encoder was trained on, and that none of the records was among that is the person's word alone. It is said
// wherever the run is told of.
type Encoder struct {
	File      string `json:"file"`      // its name
	SHA256    string `json:"sha256"`    // of the file, hexadecimal
	TrainedOn string `json:"trainedOn"` // as the person declares
	Values    string `json:"values"`    // what a pixel becomes: Unit, Signed or ImageNet
	Positions string `json:"positions"` // of what an encoder gives for places of a picture: Mean or All
}

// What an encoder is given of a pixel of 0 to 255.
const (
	Unit     = "unit"     // 0 to 1
	Signed   = "signed"   // -1 to 1
	ImageNet = "imagenet" // 0 to 1, less ImageNet's mean, divided by its standard deviation, colour by colour
)

// What becomes of places.
const (
	Mean = "mean" // their mean
	All  = "all"  // each by itself
)

// Bounds on an encoder.
const (
	MaxEncoderBytes = 128 << 20
	maxDeclared     = 100 // bytes of a file's name, and of what is declared
)

// Validate reports the first thing that is wrong with a description.
func (e *Encoder) Validate() error {
	sum, err := hex.DecodeString(e.SHA256)
	switch {
	case strings.TrimSpace(e.File) == "" || !plain(e.File):
		return fmt.Errorf("features: an encoder's file is called %.40q: want plain text", e.File)
	case err != nil || len(sum) != sha256.Size:
		return fmt.Errorf("features: %s: %.80q is no SHA-256", e.File, e.SHA256)
	case strings.TrimSpace(e.TrainedOn) == "" || !plain(e.TrainedOn):
		return fmt.Errorf("features: %s: say in 1 to %d bytes of plain text what it was trained on", e.File, maxDeclared)
	case e.Values != Unit && e.Values != Signed && e.Values != ImageNet:
		return fmt.Errorf("features: %s: values %.40q: want %q, %q or %q", e.File, e.Values, Unit, Signed, ImageNet)
	case e.Positions != Mean && e.Positions != All:
		return fmt.Errorf("features: %s: positions %.40q: want %q or %q", e.File, e.Positions, Mean, All)
	}
	return nil
}

// plain text can be shown in a line among other words, and turns no letters round.
func plain(text string) bool {
	return len(text) <= maxDeclared && utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// Fingerprint names what an encoder's vectors are a function of, and what is said of it.
func (e *Encoder) Fingerprint() string {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // text only
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "cloister encoder %d %s", version, text))
	return hex.EncodeToString(sum[:])
}

// name is the file, and enough of its sum to know another one of that name.
func (e *Encoder) name() string { return fmt.Sprintf("%s (SHA-256 %.12s)", e.File, e.SHA256) }

func (e *Encoder) suffix() string { return data.VectorTitle + " of " + e.name() }

// describe is the manifest of a dataset's vectors of so many values.
func (e *Encoder) describe(m *data.Manifest, values int) data.Manifest {
	out := describe(m, [2]int{1, values}, step(bytesRange, values), e.suffix())
	out.Origins = append(out.Origins,
		data.Origin{What: fmt.Sprintf("encoder %s, said to be trained on %s", e.name(), e.TrainedOn), From: data.Pretrained},
		data.Origin{What: fmt.Sprintf("the encoder's input: pixels %s; its output: places %s", e.Values, e.Positions), From: data.Stated})
	out.Provenance += fmt.Sprintf(" Vectors of the encoder %s, which was brought in and is said to be public and trained on %s; its training data are outside every guarantee.", e.name(), e.TrainedOn)
	return out
}

// quantise is the bytes of a vector, brought to norm one.
func (e *Encoder) quantise(vector []float32, out []byte) error {
	total, step := 1e-12, step(bytesRange, len(vector))
	for i, v := range vector {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("value %d of its vector is %v: try another choice of what a pixel becomes, or another encoder", i, x)
		}
		total += x * x
	}
	scale := 1 / math.Sqrt(total)
	for i, v := range vector {
		out[i] = quantised(float64(v)*scale, step)
	}
	return nil
}
