package audio

import (
	"errors"
	"math"

	"cloister/data"
)

// margin is how much, in seconds, is read beyond a record's end, so that the resampler has both sides of it.
const margin = 2 * support / float64(MinRate)

// Is reports whether a file's name is one of a recording.
func (f *Frontend) Is(name string) bool { return Is(name) }

// Describe sets what a manifest says of records: one channel of frames (rows) and mels (columns), and how they are
// normalised, which is the same for all recordings. Silence is 0 to a network.
func (f *Frontend) Describe(m *data.Manifest) {
	m.Kind, m.Type = data.Audio, data.Uint8
	m.Channels, m.Height, m.Width = 1, f.Frames(), f.Mels
	m.Mean, m.Std = []float32{0}, []float32{0.5}
	shape := data.Stated
	if f.Settings == Defaults {
		shape = data.Fixed
	}
	m.Origins = append(m.Origins, data.Origin{What: "shape", From: shape}, data.Origin{What: "normalisation", From: data.Fixed})
	if m.Provenance != "" {
		m.Provenance += "; "
	}
	m.Provenance += f.Settings.String()
}

// Record makes a recording's file a record, and tells what was wrong with one that could be read. The error does not repeat the file's name.
func (f *Frontend) Record(name string, file []byte) (values []byte, damage []string, err error) {
	clip, err := Read(name, file, math.Min(f.Seconds+margin, MaxSeconds))
	if err != nil {
		var p *Problem
		if errors.As(err, &p) {
			err = errors.New(p.What())
		}
		return nil, nil, err
	}
	for _, d := range clip.Damage {
		damage = append(damage, d.String())
	}
	return f.Spectrogram(clip), damage, nil
}
