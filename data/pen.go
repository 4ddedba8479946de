package data

import "math"

// digitSide is the height and width of a generated digit, in pixels.
const digitSide = 28

// subpixel is the fixed-point grid that the pen's position and width are rounded to. From there on drawing is integer
// arithmetic, so that a processor that fuses multiply and add draws the same picture as one that does not.
const subpixel = 256

// canvas holds ink, 0 to 255, row by row.
type canvas [digitSide * digitSide]byte

// draw moves the pen along a Catmull-Rom curve through the points (in pixels), its radius changing evenly from the
// first to the last, and stamps a soft disc about every half pixel. tremble displaces each stamp.
func (c *canvas) draw(s stroke, firstRadius, lastRadius float64, tremble func() point) {
	for i := 0; i+1 < len(s); i++ {
		p0, p1, p2, p3 := s[max(i-1, 0)], s[i], s[i+1], s[min(i+2, len(s)-1)]
		if p1 == p2 {
			continue // a corner
		}
		stamps := 1 + int(2*(math.Abs(p2.x-p1.x)+math.Abs(p2.y-p1.y)))
		for k := range stamps {
			t := float64(k) / float64(stamps)
			shake := tremble()
			along := (float64(i) + t) / float64(len(s)-1)
			c.stamp(
				fixed(catmullRom(p0.x, p1.x, p2.x, p3.x, t)+shake.x),
				fixed(catmullRom(p0.y, p1.y, p2.y, p3.y, t)+shake.y),
				fixed(firstRadius+(lastRadius-firstRadius)*along))
		}
	}
}

func fixed(v float64) int { return int(math.Round(v * subpixel)) }

// catmullRom is the uniform Catmull-Rom spline from b (t = 0) to c (t = 1), with a and d before and after
// (Catmull and Rom 1974).
func catmullRom(a, b, c, d, t float64) float64 {
	return b + t/2*(c-a+t*(2*a-5*b+4*c-d+t*(3*(b-c)+d-a)))
}

// stamp darkens the pixels within a disc: fully inside radius - 1/2 pixel, not at all outside radius + 1/2, and in
// between linearly in the squared distance, which needs no root. Ink does not add up where stamps overlap.
func (c *canvas) stamp(x, y, radius int) {
	outer := radius + subpixel/2
	outer2, edge := outer*outer, 2*radius*subpixel // (r + 1/2)^2 - (r - 1/2)^2 = 2 r
	top, bottom := max((y-outer)/subpixel, 0), min((y+outer)/subpixel, digitSide-1)
	left, right := max((x-outer)/subpixel, 0), min((x+outer)/subpixel, digitSide-1)
	for row := top; row <= bottom; row++ {
		dy := row*subpixel + subpixel/2 - y
		line := c[row*digitSide : (row+1)*digitSide]
		for column := left; column <= right; column++ {
			dx := column*subpixel + subpixel/2 - x
			inside := outer2 - dx*dx - dy*dy
			switch {
			case inside <= 0:
			case inside >= edge:
				line[column] = 255
			default:
				line[column] = max(line[column], byte(255*inside/edge))
			}
		}
	}
}
