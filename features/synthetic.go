package features

import (
	"context"
	"math"
	"math/rand/v2"
)

// Kinds of synthetic images.
const (
	Leaves  = "leaves"  // dead leaves, for photographs
	Strokes = "strokes" // strokes of a pen on an empty ground
	Mixed   = "mixed"   // of both
	Babble  = "babble"  // spectrograms of voices that say nothing, for recordings
)

// Streams of a description's random numbers. Image i depends on the seed and i alone.
const (
	streamImages = 1 << 40 * (iota + 1)
	streamWindows
	streamAtoms
)

func (p *Patches) random(stream, i uint64) *rand.Rand {
	return rand.New(rand.NewPCG(p.Synthetic.Seed, stream+i))
}

// Image is synthetic image i: uint8 [channel][row][column].
func (p *Patches) Image(i int) []byte {
	r := p.random(streamImages, uint64(i))
	if p.Synthetic.Kind == Babble {
		return p.spectrogram(r)
	}
	strokes := p.Synthetic.Kind == Strokes || p.Synthetic.Kind == Mixed && i%2 == 1
	c := newCanvas(p.Input.C, 2*p.Input.H, 2*p.Input.W)
	if strokes {
		c.strokes(r)
	} else {
		c.leaves(r)
	}
	return c.halved()
}

// Images are all synthetic images, one after the other. progress gets the share that is done.
func (p *Patches) Images(ctx context.Context, progress func(float64)) ([]byte, error) {
	size, count := p.Input.Size(), p.Synthetic.Images
	all := make([]byte, size*count)
	const piece = 100
	for first := 0; first < count; first += piece {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		parallel(min(piece, count-first), 1, func(from, end int) {
			for i := first + from; i < first+end; i++ {
				copy(all[i*size:], p.Image(i))
			}
		})
		progress(float64(min(first+piece, count)) / float64(count))
	}
	return all, nil
}

// syntheticWindows are standardised windows at random positions of the synthetic images, [Windows][n].
func (p *Patches) syntheticWindows(images []byte, n int) []float32 {
	s, size := p.Synthetic, p.Input.Size()
	windows := make([]float32, s.Windows*n)
	parallel(s.Images, 16, func(from, end int) {
		w := make([]float64, n)
		for i := from; i < end; i++ {
			r := p.random(streamWindows, uint64(i))
			for k := s.Windows * i / s.Images; k < s.Windows*(i+1)/s.Images; k++ {
				p.window(images[i*size:(i+1)*size], r.IntN(p.Input.H-p.Side+1), r.IntN(p.Input.W-p.Side+1), false, w)
				for j, v := range w {
					windows[k*n+j] = float32(v)
				}
			}
		}
	})
	return windows
}

// canvas is a picture at twice the size: float32 [row][column][channel], 0 to 1.
type canvas struct {
	channels, height, width int
	ink                     []float64
}

func newCanvas(channels, height, width int) *canvas {
	return &canvas{channels, height, width, make([]float64, channels*height*width)}
}

// leaf is a shape of a dead-leaves image: where it lies, how it is coloured and textured.
type leaf struct {
	x, y, radius, aspect, cos, sin float64
	shape                          int // ellipse, rectangle or triangle
	colour                         [4]float64
	slopeX, slopeY                 float64
	texture                        int // none, waves, noise, chequers
	contrast                       float64
	cosT, sinT, f1, f2, phase      float64
}

// leaves covers the canvas with shapes of power-law sizes, later ones over earlier ones (dead leaves; Lee, Mumford and Huang 2001,
// "Occlusion Models for Natural Images"; Baradad et al. 2021, "Learning to See by Looking at Noise"), shaded and textured,
// coloured mostly by their brightness, and blurs all a little.
func (c *canvas) leaves(r *rand.Rand) {
	side := float64(max(c.height, c.width))
	least := (2 + 14*r.Float64()*r.Float64()) * side / 64
	count := 20 + r.IntN(120)
	middle, spread, tint := .25+.5*r.Float64(), .08+.22*r.Float64(), .01+.1*r.Float64()
	for i := range count {
		radius := min(side, least*math.Pow(r.Float64()+1e-3, -.55))
		if i == 0 {
			radius = 4 * side // the ground
		}
		l := newLeaf(r, radius, side)
		l.x, l.y = r.Float64()*float64(c.width), r.Float64()*float64(c.height)
		grey, warm, green := middle+spread*r.NormFloat64(), tint*r.NormFloat64(), tint/2*r.NormFloat64()
		l.colour = [4]float64{grey, grey, grey, grey}
		if c.channels >= 3 {
			l.colour = [4]float64{grey + warm + green, grey - green + warm/10, grey - warm + green, grey}
		}
		c.lay(&l, r)
	}
	blur := 1.5 * r.Float64()
	passes := int(blur)
	if r.Float64() < blur-float64(passes) {
		passes++
	}
	for range passes {
		c.blur()
	}
}

func newLeaf(r *rand.Rand, radius, side float64) leaf {
	l := leaf{radius: radius, aspect: .2 + .8*r.Float64(), shape: r.IntN(3), texture: r.IntN(4)}
	l.sin, l.cos = math.Sincos(r.Float64() * math.Pi)
	unit := 64 / side // lengths are of a canvas of 64
	flat := min(1, 8/(radius*unit)) * unit
	l.slopeX, l.slopeY = .012*r.NormFloat64()*flat, .012*r.NormFloat64()*flat
	l.contrast = .12 * r.Float64()
	l.f1, l.f2, l.phase = (.1+1.2*r.Float64())*unit, (.1+1.2*r.Float64())*unit, 2*math.Pi*r.Float64()
	l.sinT, l.cosT = math.Sincos(r.Float64() * math.Pi)
	return l
}

// lay paints a leaf over what is there.
func (c *canvas) lay(l *leaf, r *rand.Rand) {
	reach := int(1.5*l.radius) + 2
	for y := max(0, int(l.y)-reach); y < min(c.height, int(l.y)+reach); y++ {
		for x := max(0, int(l.x)-reach); x < min(c.width, int(l.x)+reach); x++ {
			dx, dy := float64(x)-l.x, float64(y)-l.y
			if !l.covers(dx*l.cos+dy*l.sin, (dy*l.cos-dx*l.sin)/l.aspect) {
				continue
			}
			v := l.slopeX*dx + l.slopeY*dy
			switch along := dx*l.cosT + dy*l.sinT; l.texture {
			case 1:
				v += l.contrast * math.Sin(l.f1*along+l.phase)
			case 2:
				v += l.contrast * r.NormFloat64()
			case 3:
				v += l.contrast * math.Sin(l.f1*along+l.phase) * math.Sin(l.f2*(dy*l.cosT-dx*l.sinT))
			}
			for k := range c.channels {
				c.ink[(y*c.width+x)*c.channels+k] = l.colour[k] + v
			}
		}
	}
}

func (l *leaf) covers(u, w float64) bool {
	switch l.shape {
	case 0:
		return u*u+w*w < l.radius*l.radius
	case 1:
		return math.Abs(u) < l.radius && math.Abs(w) < l.radius
	}
	return w > -.6*l.radius && math.Abs(u) < .6*(l.radius-w)
}

// blur is a binomial filter of three taps, along rows and then columns.
func (c *canvas) blur() {
	pass := func(step, length, lines, lineStep int) {
		for line := range lines {
			for k := range c.channels {
				at := func(i int) *float64 {
					return &c.ink[line*lineStep+min(max(i, 0), length-1)*step+k]
				}
				before := *at(0)
				for i := range length {
					here := *at(i)
					*at(i) = .25*before + .5*here + .25**at(i + 1)
					before = here
				}
			}
		}
	}
	pass(c.channels, c.width, c.height, c.width*c.channels)
	pass(c.width*c.channels, c.height, c.width, c.channels)
}

// strokes draws one to three curved strokes of a soft pen on an empty ground.
func (c *canvas) strokes(r *rand.Rand) {
	unit := float64(max(c.height, c.width)) / 28 // lengths are of a canvas of 28
	h, w := float64(c.height), float64(c.width)
	margin := 5 * unit
	for range 1 + r.IntN(3) {
		x, y := w*(.25+.5*r.Float64()), h*(.25+.5*r.Float64())
		angle, turn, pen := 2*math.Pi*r.Float64(), .5*(r.Float64()-.5), .9+.9*r.Float64()
		for range 2 * (10 + r.IntN(25)) {
			sin, cos := math.Sincos(angle)
			x, y = min(max(x+.5*unit*cos, margin), w-margin), min(max(y+.5*unit*sin, margin), h-margin)
			angle += turn / 2
			if r.Float64() < .03 {
				turn = .6 * (r.Float64() - .5)
			}
			c.stamp(x, y, pen, unit)
		}
	}
}

// stamp darkens what lies within a pen's soft disc.
func (c *canvas) stamp(x, y, pen, unit float64) {
	reach := int(4*unit) + 1
	for v := max(0, int(y)-reach); v <= min(c.height-1, int(y)+reach); v++ {
		for u := max(0, int(x)-reach); u <= min(c.width-1, int(x)+reach); u++ {
			d := math.Hypot(float64(u)-x, float64(v)-y) / unit
			ink := 1 / (1 + math.Exp(4*(d-pen)))
			for k := range c.channels {
				at := &c.ink[(v*c.width+u)*c.channels+k]
				*at = max(*at, ink)
			}
		}
	}
}

// halved is the picture at half its size, uint8 [channel][row][column].
func (c *canvas) halved() []byte {
	height, width := c.height/2, c.width/2
	out := make([]byte, c.channels*height*width)
	for y := range height {
		for x := range width {
			for k := range c.channels {
				at := (2*y*c.width+2*x)*c.channels + k
				down := c.width * c.channels
				sum := c.ink[at] + c.ink[at+c.channels] + c.ink[at+down] + c.ink[at+down+c.channels]
				out[(k*height+y)*width+x] = byte(min(255, max(0, sum*255/4)))
			}
		}
	}
	return out
}
