package features

import (
	"errors"
	"fmt"

	"cloister/data"
	"cloister/data/audio"
	"cloister/nn"
)

// Recipe is the map for records that a manifest describes. It is fixed: it goes by what is stated of the records (their kind and shape,
// and whether a mirror image keeps its meaning), never by their values, so that choosing it costs nothing. A spectrogram is
// taken for a grey picture; only what it is compared with is made for sound.
func Recipe(m *data.Manifest, mirror bool) (Patches, error) {
	p := Patches{
		Input: nn.Shape{C: m.Channels, H: m.Height, W: m.Width}, Side: 6, Mirror: mirror,
		Contrast: 10, Ridge: .1, Floor: .1, Threshold: .5, Blur: .5, OutputRidge: .03, CellFloor: .05, Range: bytesRange,
		Synthetic: Synthetic{Kind: Leaves, Seed: 1, Images: 2000, Windows: 30_000, Rounds: 8},
	}
	p.Atoms, p.Grid, p.Fine = 400, 3, 9
	if m.Channels == 1 {
		p.Atoms = 256
	}
	switch {
	case (m.Kind != data.Image && m.Kind != data.Audio) || m.Float():
		return p, fmt.Errorf("features: records of kind %s and type %s: there is a map for uint8 pictures and spectrograms alone", m.Kind, m.Type)
	case m.Kind == data.Audio && mirror:
		return p, errors.New("features: a recording's mirror image is another sound: it has features as it is alone")
	case m.Kind == data.Audio:
		// Long ones are fewer: what is synthesised of them in all is much the same.
		p.Synthetic.Kind, p.Synthetic.Images = Babble, min(2000, max(500, 2000*audio.Defaults.Frames()/max(1, m.Height)))
	case m.Channels == 1:
		p.Synthetic.Kind = Mixed
	}
	return p, p.Validate()
}

// Norm is the norm of a record's vector as a model sees it. A linear layer's gradient is the product of what it gets, a 1 for the bias
// beside the vector, and of the output's gradient: beside a vector of norm 1 the bias would take half of the square of every clipped gradient,
// and of its signal, for a handful of parameters.
const Norm = 10

// Describe is the manifest of a dataset's features.
func (p *Patches) Describe(m *data.Manifest) data.Manifest {
	out := describe(m, [2]int{p.Cells(), p.Channels()}, p.Step(), p.suffix())
	for _, what := range []string{"features: dictionary", "features: whitening", "features: scale"} {
		out.Origins = append(out.Origins, data.Origin{What: fmt.Sprintf("%s (%.12s)", what, p.Fingerprint()), From: data.Fixed})
	}
	out.Provenance += fmt.Sprintf(" Features of a patch dictionary of %d atoms, made of synthetic records (%s, seed %d); no record shaped it.",
		p.Atoms, p.Synthetic.Kind, p.Synthetic.Seed)
	return out
}

func (p *Patches) suffix() string { return data.VectorTitle }

// describe is the manifest of vectors made of a dataset: bytes, each of which counts a step, under the name that the records have, so that
// runs on either share a ledger. Everything that is public of the records stays; what is new is fixed by this program.
func describe(m *data.Manifest, shape [2]int, step float64, suffix string) data.Manifest {
	out := *m
	out.Kind, out.Type = data.Vector, data.Uint8
	out.Channels, out.Height, out.Width = 1, shape[0], shape[1]
	// A value is (byte/255 - Mean)/Std = (byte - 128) step, times Norm.
	out.Mean, out.Std = []float32{128. / 255}, []float32{float32(1 / (255 * step * Norm))}
	out.Title = m.Title + suffix
	out.Columns, out.Shards = nil, nil
	out.Origins = nil
	for _, o := range m.Origins {
		if o.What != "normalisation" && o.What != "shape" {
			out.Origins = append(out.Origins, o)
		}
	}
	out.Origins = append(out.Origins, data.Origin{What: "shape", From: data.Fixed}, data.Origin{What: "normalisation", From: data.Fixed})
	return out
}
