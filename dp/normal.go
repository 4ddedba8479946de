package dp

import "math"

// The standard normal by the ziggurat method (Marsaglia and Tsang 2000, "The Ziggurat Method for Generating Random
// Variables"), with 256 layers of equal area and, unlike math/rand/v2, float64 tables and 53 random bits of position:
// release.go argues about the float64 grid that the variates lie on, and 32 bits would be too coarse for it.
// One 64-bit word serves a variate in 99 % of draws: bits 0-7 choose the layer, bit 8 the sign, bits 11-63 the position.

const (
	layers = 256
	tailX  = 3.6541528853610088 // right edge of the last layer, where the tail begins
)

var zigX, zigY, zigScale [layers + 1]float64 // zigX[i] right edge of layer i, zigY its density, zigScale = zigX/2^53
var zigInside [layers]uint64                 // positions below it lie under the density without further test

func init() {
	density := func(x float64) float64 { return math.Exp(-x * x / 2) }
	// Layer 0 is the base strip with the tail: its box is widened to area/density so that all layers weigh the same.
	area := tailX*density(tailX) + math.Sqrt(math.Pi/2)*math.Erfc(tailX/math.Sqrt2)
	zigX[0], zigX[1] = area/density(tailX), tailX
	for i := 2; i < layers; i++ {
		zigX[i] = math.Sqrt(-2 * math.Log(area/zigX[i-1]+density(zigX[i-1])))
	}
	for i := range zigX {
		zigY[i] = density(zigX[i])
		zigScale[i] = zigX[i] / (1 << 53)
	}
	for i := range zigInside {
		zigInside[i] = uint64(zigX[i+1] / zigX[i] * (1 << 53))
	}
}

// fillNormal sets dst to independent standard normals.
func fillNormal(r *Stream, dst []float64) {
	for i := range dst {
		u := r.Uint64()
		layer, position := u&(layers-1), u>>11
		x := float64(position) * zigScale[layer]
		if position >= zigInside[layer] {
			x = slowNormal(r, layer, x)
		}
		// The sign bit moves to the top: no branch to mispredict.
		dst[i] = math.Float64frombits(math.Float64bits(x) | u>>8<<63)
	}
}

// slowNormal finishes a draw that fell outside its layer's sure part: the magnitude of a standard normal.
func slowNormal(r *Stream, layer uint64, x float64) float64 {
	for {
		if layer == 0 {
			return tailNormal(r)
		}
		y := zigY[layer] + uniform(r)*(zigY[layer+1]-zigY[layer])
		if y < math.Exp(-x*x/2) {
			return x
		}
		u := r.Uint64()
		var position uint64
		layer, position = u&(layers-1), u>>11
		x = float64(position) * zigScale[layer]
		if position < zigInside[layer] {
			return x
		}
	}
}

// tailNormal is a standard normal's magnitude given that it exceeds tailX (Marsaglia 1964).
func tailNormal(r *Stream) float64 {
	for {
		x, y := exponential(r)/tailX, exponential(r)
		if y+y > x*x {
			return tailX + x
		}
	}
}

// exponential is -log of a uniform, halved until it lies above 1/2, so that its grid is as fine and its reach as long far
// out as it is near 0: the logarithm of 53 bits alone would be coarse from 10 on and end at 37.
func exponential(r *Stream) float64 {
	for x := 0.0; ; x += math.Ln2 {
		if u := uniform(r); u > 0.5 {
			return x - math.Log(u)
		}
	}
}
