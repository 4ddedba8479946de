package compile

import (
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// Where numbers are made quiet ([kernel.Quiet] says why): every value, before the layer after it reads it, and every
// gradient, before the layer that it belongs to does, unless the code that wrote it has done so.

func (p *plan) hush(f *wasm.Func, vectors int, at any) { call(f, p.kernels.Hush(), vectors, at) }

// quietInput says whether no normalised value needs to be hushed: those of uint8 are 256 a channel, known beforehand.
func (p *plan) quietInput() bool {
	if p.options.Float {
		return false
	}
	for c, scale := range p.options.Scale {
		for v := range 256 {
			x := float32(float32(v)*scale) + p.options.Shift[c]
			if x != 0 && -kernel.Quiet < x && x < kernel.Quiet {
				return false
			}
		}
	}
	return true
}

// quietValue says that layer i leaves quiet values, or that the next one takes any.
func (p *plan) quietValue(i int) bool {
	k := p.links[i].kind
	return k.elementwise || k.moves || i+1 < len(p.links) && p.links[i+1].kind.elementwise
}

// quietGradient says that the gradient of layer i's output is quiet as it was written, that the layer takes any, or that it takes none.
func (p *plan) quietGradient(i int) bool {
	k := p.links[i].kind
	return k.elementwise || k.moves || !p.links[i].out.trainable || i+1 == len(p.links) || p.links[i+1].kind.elementwise
}
