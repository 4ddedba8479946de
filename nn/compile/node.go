package compile

import (
	"cloister/nn"
	"cloister/nn/compile/kernel"
)

// node is an activation: its values and, past the first layer with parameters, their gradient. Both are laid out
// [row][column][channel] in a border of zeros as wide as the convolutions around it read. Channels are padded with
// zeros to whole panels.
type node struct {
	nn.Shape
	channels int // floats per pixel
	border   int
	value    int // address of the values' first float, border included
	gradient int // the same of the gradient; 0 when nobody asks for it

	flat      bool // read as a vector: no border allowed
	kept      bool // its producer's gradient reads the values: they must stay as produced
	trainable bool // parameters lie before it
	dirtyHalo bool // its gradient's border collects what lies outside of the image
}

const floatSize = 4

// row is the number of bytes from one image row to the next.
func (n *node) row() int { return (n.W + 2*n.border) * n.channels * floatSize }

// at is the offset of a pixel from the buffer's start; the border has negative coordinates.
func (n *node) at(y, x int) int {
	return (y+n.border)*n.row() + (x+n.border)*n.channels*floatSize
}

// pixels lists the offset of each pixel.
func (n *node) pixels() []int {
	var all []int
	for y := range n.H {
		for x := range n.W {
			all = append(all, n.at(y, x))
		}
	}
	return all
}

// vectors is the size of the buffer in vectors of four floats.
func (n *node) vectors() int { return roundUp((n.H+2*n.border)*n.row()/floatSize, 4) / 4 }

// size is the number of floats when read as a vector.
func (n *node) size() int { return n.vectors() * 4 }

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// link is a layer between two nodes, which are the same one when it works in place.
type link struct {
	layer   nn.Layer
	kind    kind
	tensors []nn.Tensor
	in, out *node
}

// graph makes the nodes of a model and the layers between them, without those that only rename shapes.
func graph(m *nn.Model, kinds []kind, o *Options) (nodes []*node, links []link) {
	shapes, _ := m.Shapes()
	tensors := map[int][]nn.Tensor{}
	for _, t := range m.Tensors() {
		tensors[t.Layer] = append(tensors[t.Layer], t)
	}
	add := func(s nn.Shape, channels int) *node {
		n := &node{Shape: s, channels: channels}
		nodes = append(nodes, n)
		return n
	}
	input, channels := m.Input, inputChannels(m, kinds, o.Whiten)
	if leads(m, o) {
		input = nn.Shape{C: m.Input.Size(), H: 1, W: 1}
		channels = input.C
	}
	last := add(input, channels)
	for i, layer := range m.Layers {
		if _, ok := layer.(nn.Flatten); ok && renames(m.Layers[i+1:], kinds[i+1:], last.Shape) {
			continue
		}
		l := link{layer, kinds[i], tensors[i], last, last}
		if !kinds[i].elementwise || last.kept { // else nobody needs the input later
			if kinds[i].elementwise { // laid out as what it reads, a Flatten that only renamed it or not
				l.out = add(last.Shape, last.channels)
			} else {
				l.out = add(shapes[i+1], roundUp(shapes[i+1].C, kernel.Panel))
			}
			l.out.trainable = last.trainable || len(l.tensors) > 0
		}
		l.out.kept = l.out.kept || l.out.trainable && kinds[i].readsOutput
		links = append(links, l)
		last = l.out
	}
	last.flat = true
	return nodes, links
}

// inputChannels pads a record's channels to panels, but not where few are read as they are. Channels that are whitened as an axis of
// their own are panels.
func inputChannels(m *nn.Model, kinds []kind, whiten bool) int {
	for i, k := range kinds {
		if k.anyWidth {
			_, window := m.Layers[i].(nn.Conv2D)
			if whiten && m.Input.C > 1 && !(window && m.Input.C <= kernel.Lanes) && m.Input.H*m.Input.W > 1 {
				break
			}
			return m.Input.C
		}
		if !k.elementwise {
			break
		}
	}
	return roundUp(m.Input.C, kernel.Panel)
}

// renames says whether a Flatten needs no work: a vector stays one, and a linear layer's weights can be permuted instead.
func renames(after []nn.Layer, kinds []kind, s nn.Shape) bool {
	if s.H == 1 && s.W == 1 {
		return true
	}
	for i, k := range kinds {
		if k.anyOrder {
			return true
		}
		if _, flatten := after[i].(nn.Flatten); !flatten && !k.elementwise {
			return false
		}
	}
	return false
}
