package network

import (
	"fmt"
	"math/rand/v2"

	"cloister/nn"
)

// Records are made-up uint8 images [record][channel][row][column] with labels: the speed of a step does not depend on
// what is in them.
type Records struct {
	Pixels, Labels []byte
	Normal         nn.Normalisation
}

// Synthetic makes the same records on every machine and on both sides of a comparison.
func Synthetic(m *nn.Model, count int) Records {
	rng := rand.New(rand.NewPCG(28, 32))
	r := Records{Pixels: make([]byte, count*m.Input.Size()), Labels: make([]byte, count)}
	for i := range r.Pixels {
		r.Pixels[i] = byte(rng.Uint32())
	}
	for i := range r.Labels {
		r.Labels[i] = byte(rng.IntN(m.Classes()))
	}
	for range m.Input.C {
		r.Normal.Mean, r.Normal.Std = append(r.Normal.Mean, 0.4), append(r.Normal.Std, 0.25)
	}
	return r
}

// At is record i as nn's reference takes it.
func (r Records) At(i int, x []float32) int {
	r.Normal.Apply(x, r.Pixels[i*len(x):(i+1)*len(x)])
	return int(r.Labels[i])
}

// Start is where the parameters of a measured step are: as they are initialised, always the same.
func Start(m *nn.Model) []float32 {
	params := make([]float32, m.NumParams())
	m.Init(params, rand.New(rand.NewPCG(1, 2)))
	return params
}

// Named finds one of [All].
func Named(name string) (*nn.Model, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("network: no network %q", name)
}

// Len is the number of records.
func (r Records) Len() int { return len(r.Labels) }
