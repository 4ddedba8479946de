//go:build js

package main

import (
	"cloister/clip"
	"cloister/cmd/bench/network"
	"cloister/nn"
)

// question names a network and how many records a step takes.
type question struct {
	Model string `json:"model"`
	Batch int    `json:"batch"`
}

// done is how many records were worked on.
type done struct {
	Units int `json:"units"`
}

// prepared is what a step needs, made once for each network.
type prepared struct {
	clipper *nn.Clipper
	params  []float32
	records network.Records
}

var ready = map[string]*prepared{}

// step is the private step's sum in plain Go.
func step(q question) (done, error) {
	p := ready[q.Model]
	if p == nil {
		m, err := network.Named(q.Model)
		if err != nil {
			return done{}, err
		}
		clipper, err := nn.NewClipper(m, clip.Rule{})
		if err != nil {
			return done{}, err
		}
		p = &prepared{clipper, network.Start(m), network.Synthetic(m, q.Batch)}
		ready[q.Model] = p
	}
	_, err := p.clipper.Sum([][]float32{p.params}, nil, nn.Samples{Count: q.Batch, At: p.records.At}, []float64{1}, nil)
	return done{q.Batch}, err
}
