package image

// Record fits a decoded picture into a record.
func (s Settings) Record(p *Pixels, h Header) []byte {
	height, width, turn := s.Height, s.Width, h.Orientation
	if p.Upright {
		turn = 1
	}
	if turn >= 5 { // rows become columns after resizing
		height, width = width, height
	}
	from := window{0, 0, p.Width, p.Height}
	to := window{0, 0, width, height}
	switch s.Fit {
	case Crop:
		from = centred(p.Width, p.Height, width, height)
	case Pad:
		to = centred(width, height, p.Width, p.Height)
	}
	record := make([]byte, s.Channels*s.Height*s.Width)
	small := s.resize(p, from, to)
	for c := range s.Channels {
		for y := range to.height {
			for x := range to.width {
				row, column := upright(turn, to.y+y, to.x+x, height, width)
				record[(c*s.Height+row)*s.Width+column] = small[(c*to.height+y)*to.width+x]
			}
		}
	}
	return record
}

// window is a part of a picture.
type window struct{ x, y, width, height int }

// centred is the largest window of an aspect, at least one pixel, as far from either side as from the other.
func centred(width, height, aspectWidth, aspectHeight int) window {
	w, h := width, height
	if width*aspectHeight > height*aspectWidth {
		w = side(height*aspectWidth, aspectHeight, width)
	} else {
		h = side(width*aspectHeight, aspectWidth, height)
	}
	return window{(width - w) / 2, (height - h) / 2, w, h}
}

// side is a/b rounded to a number that leaves as much on one side of whole as on the other, so that a mirrored picture has the
// mirrored window.
func side(a, b, whole int) int {
	n := min(max((2*a+b)/(2*b), 1), whole)
	if (whole-n)%2 != 0 {
		if n < whole {
			return n + 1
		}
		return n - 1
	}
	return n
}

// upright says where a stored pixel belongs, given the EXIF orientation and the stored picture's size (Exif 2.32, section 4.6.4).
func upright(orientation, y, x, height, width int) (row, column int) {
	switch orientation {
	case 2:
		return y, width - 1 - x
	case 3:
		return height - 1 - y, width - 1 - x
	case 4:
		return height - 1 - y, x
	case 5:
		return x, y
	case 6:
		return x, height - 1 - y
	case 7:
		return width - 1 - x, height - 1 - y
	case 8:
		return width - 1 - x, y
	}
	return y, x
}

// taps are the source pixels of a target pixel and their weights.
type taps struct {
	first   int
	weights []int64
	sum     int64
}

// triangle is linear interpolation when a picture grows, and its widened form, which averages, when it shrinks: the filter of Pillow's
// and most others' "bilinear" with antialiasing. All in whole numbers: in units of 1/(2 to) source pixels, target pixel i has its centre at
// (2i+1) from, source pixel j at (2j+1) to, and the triangle's half width is 2 max(from, to).
func triangle(from, to int) []taps {
	all := make([]taps, to)
	reach := 2 * max(from, to)
	for i := range all {
		centre := (2*i + 1) * from
		first := max(0, (centre-reach)/(2*to)-1)
		t := taps{first: -1}
		for j := first; j < from && (2*j+1)*to < centre+reach; j++ {
			weight := reach - max(centre-(2*j+1)*to, (2*j+1)*to-centre)
			if weight <= 0 {
				continue
			}
			if t.first < 0 {
				t.first = j
			}
			t.weights = append(t.weights, int64(weight))
			t.sum += int64(weight)
		}
		all[i] = t
	}
	return all
}

// resize scales a window of a picture to the size of another: [channel][row][column]. Sums are exact, and rounded once: with MaxPixels
// and weights of at most 2 max(from, to), that many a side, they stay below 2^63.
func (s Settings) resize(p *Pixels, from, to window) []byte {
	horizontal, vertical := triangle(from.width, to.width), triangle(from.height, to.height)
	line := s.Channels * to.width
	rgba, flat := make([]byte, 4*p.Width), make([]byte, s.Channels*from.width)
	row := make([]int64, line)
	sums := make([]int64, line*to.height)
	next := 0 // the first target row that is not done
	for y := range from.height {
		p.Row(from.y+y, rgba)
		s.flatten(flat, rgba[4*from.x:4*(from.x+from.width)])
		for c := range s.Channels {
			narrow(row[c*to.width:(c+1)*to.width], flat[c*from.width:(c+1)*from.width], horizontal)
		}
		for next < to.height && vertical[next].first+len(vertical[next].weights) <= y {
			next++
		}
		for i := next; i < to.height && vertical[i].first <= y; i++ {
			weight := vertical[i].weights[y-vertical[i].first]
			for k, v := range row {
				sums[i*line+k] += weight * v
			}
		}
	}
	small := make([]byte, line*to.height)
	for i := range to.height {
		for c := range s.Channels {
			for x := range to.width {
				whole := horizontal[x].sum * vertical[i].sum
				small[(c*to.height+i)*to.width+x] = byte((sums[i*line+c*to.width+x] + whole/2) / whole)
			}
		}
	}
	return small
}

func narrow(to []int64, from []byte, horizontal []taps) {
	for i, t := range horizontal {
		sum := int64(0)
		for j, w := range t.weights {
			sum += w * int64(from[t.first+j])
		}
		to[i] = sum
	}
}

// flatten puts a row on white, as paper shows it, and brings it to the record's channels: [channel][column]. Grey is the luma of ITU-R
// BT.601, in 16 bits as in Go's image/color.
func (s Settings) flatten(to, rgba []byte) {
	width := len(rgba) / 4
	for x := range width {
		r, g, b, a := int(rgba[4*x]), int(rgba[4*x+1]), int(rgba[4*x+2]), int(rgba[4*x+3])
		if a < 255 {
			r, g, b = onWhite(r, a), onWhite(g, a), onWhite(b, a)
		}
		if s.Channels == 1 {
			to[x] = byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16)
		} else {
			to[x], to[width+x], to[2*width+x] = byte(r), byte(g), byte(b)
		}
	}
}

func onWhite(v, alpha int) int { return (v*alpha + 255*(255-alpha) + 127) / 255 }
