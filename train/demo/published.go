package demo

import (
	"cloister/dp/replay"
	"cloister/train/protocol"
)

// Published lists the benchmark's mechanisms for the page.
func Published() []protocol.PublishedMechanism {
	var all []protocol.PublishedMechanism
	for _, name := range replay.Names() {
		all = append(all, protocol.PublishedMechanism{Name: name, Title: replay.Title(name), Sound: replay.Sound(name)})
	}
	return all
}

// withNoise adds the noise multiplier that the benchmark's own accountant chooses.
func withNoise(s replay.Setting) replay.Setting {
	s.NoiseMultiplier = replay.BenchmarkSigma(s.TargetEpsilon, s.TargetDelta, s.Rate(), s.Steps())
	return s
}

// privacy is asked after the run: what some mechanisms report depends on where their clip went.
func privacy(m replay.Mechanism, s replay.Setting) protocol.Privacy {
	proof := m.Proven()
	return protocol.Privacy{Claimed: replay.Claimed(m, s), Proven: proof.Epsilon, Why: proof.Why, Shuffled: m.Shuffled()}
}
