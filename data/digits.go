package data

import (
	"fmt"
	"math"
)

// Digits generates a dataset of handwriting-like digits: 28x28, ten classes, drawn with strokes. Record i of a split
// depends on the seed and i alone, so that a longer dataset begins with the records of a shorter one; the splits share
// no record. The picture is the same on every platform. At least one training record is generated.
func Digits(train, test int, seed uint64) *Dataset {
	return DigitsWithProgress(train, test, seed, nil)
}

// DigitsWithProgress is Digits that tells every thousand records how many are done. progress may be nil.
func DigitsWithProgress(train, test int, seed uint64, progress Progress) *Dataset {
	train, test = max(train, 1), max(test, 0)
	ds := &Dataset{Manifest: digitsManifest(seed)}
	ds.TrainRecords, ds.TestRecords = train, test
	ds.Train = drawSplit(0, train, seed, trainStream, func(done int) { tell(progress, done, train+test) })
	ds.Test = drawSplit(0, test, seed, testStream, func(done int) { tell(progress, train+done, train+test) })
	return ds
}

// DrawDigits draws n records of a split of Digits, from record first on, for whoever would not hold them all at once.
func DrawDigits(split string, first, n int, seed uint64) Split {
	stream := uint64(trainStream)
	if split == TestSplit {
		stream = testStream
	}
	return drawSplit(first, n, seed, stream, func(int) {})
}

func digitsManifest(seed uint64) Manifest {
	return Manifest{
		Name: digitsName, Title: "Handwriting-like digits, generated",
		Kind: Image, Type: Uint8, Unit: UnitRecord,
		Channels: 1, Height: digitSide, Width: digitSide,
		Classes: digitClasses(),
		// Stated by the generator, of which they are a property: measured once on 200,000 records of another seed.
		Mean: []float32{digitsMean}, Std: []float32{digitsStd},
		TestPublic: true, Origins: []Origin{{"normalisation", Fixed}},
		Provenance: fmt.Sprintf(digitsProvenance, seed),
	}
}

// The built-in digits: enough records for a small epsilon, few enough to draw while a person waits.
const (
	BuiltInTrain = 20_000
	BuiltInTest  = 4_000
	BuiltInSeed  = 1
)

const (
	digitsName       = "digits"
	digitsProvenance = "Drawn from strokes by this program, seed %d. Nobody's handwriting."
)

const (
	digitsMean = 0.1268
	digitsStd  = 0.2838
)

func tell(progress Progress, done, total int) {
	if progress != nil && (done%1000 == 0 || done == total) {
		progress(int64(done), int64(total))
	}
}

// The splits draw from different random streams.
const (
	trainStream = 0x7472
	testStream  = 0x7465
)

func drawSplit(first, records int, seed, stream uint64, each func(done int)) Split {
	s := Split{Values: make([]byte, records*digitSide*digitSide), Labels: make([]byte, records)}
	for i := range records {
		r := newDice(seed, stream, uint64(first+i))
		label := int(r.uniform() * 10)
		s.Labels[i] = byte(label)
		picture := r.write(label)
		copy(s.Values[i*len(picture):], picture[:])
		each(i + 1)
	}
	return s
}

// dice is SplitMix64 (Steele, Lea and Flood 2014, Figure 17): small, and the same everywhere. It draws pictures and must
// never draw privacy noise.
type dice uint64

func newDice(words ...uint64) *dice {
	var d dice
	for _, w := range words {
		d = dice(d.next() ^ w)
	}
	return &d
}

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is in [0, 1).
func (d *dice) uniform() float64 { return float64(d.next()>>11) / (1 << 53) }

func (d *dice) between(low, high float64) float64 { return low + (high-low)*d.uniform() }

// bell has mean 0, standard deviation 1 and no outliers: the sum of three uniforms, within ±3.
func (d *dice) bell() float64 { return 2*(d.uniform()+d.uniform()+d.uniform()) - 3 }

// write draws one digit in a hand of its own: how large, how slanted, how heavy and how steady.
func (d *dice) write(label int) canvas {
	var c canvas
	ways := glyphs[label]
	way := ways[int(d.uniform()*float64(len(ways)))]
	place := d.placement()
	radius := d.between(0.75, 1.75)
	unsteady := d.between(0.1, 1) * 0.055
	tremble := d.tremor(d.between(0, 0.06))
	for _, s := range way {
		bent := make(stroke, len(s))
		for i, p := range s {
			if i > 0 && p == s[i-1] {
				bent[i] = bent[i-1]
				continue
			}
			bent[i] = place(point{p.x + unsteady*d.bell(), p.y + unsteady*d.bell()})
		}
		c.draw(bent, radius*d.between(0.8, 1.2), radius*d.between(0.7, 1.15), tremble)
	}
	d.age(&c)
	return c
}

// placement maps the unit square to the canvas: a smooth bend, then size, slant, rotation and shift.
func (d *dice) placement() func(point) point {
	height := d.between(16, 21)
	width := height * d.between(0.5, 0.85)
	slant := 0.12 + 0.22*d.bell()
	sin, cos := math.Sincos(0.14 * d.bell())
	centre := point{digitSide/2 + 1.1*d.bell(), digitSide/2 + 1.1*d.bell()}
	bendX, bendY := 0.05*d.bell(), 0.05*d.bell()
	phaseX, phaseY := d.between(0, 2*math.Pi), d.between(0, 2*math.Pi)
	return func(p point) point {
		x := (p.x - 0.5 + bendX*math.Sin(4*p.y+phaseX)) * width
		y := (p.y - 0.5 + bendY*math.Sin(4*p.x+phaseY)) * height
		x -= slant * y
		return point{centre.x + cos*x - sin*y, centre.y + sin*x + cos*y}
	}
}

// tremor is a random walk, pulled back to the line, with steps of at most the given size in pixels.
func (d *dice) tremor(size float64) func() point {
	var off point
	return func() point {
		off.x = 0.9*off.x + size*d.between(-1, 1)
		off.y = 0.9*off.y + size*d.between(-1, 1)
		return off
	}
}

// age thins the ink unevenly and adds the grain of a scan.
func (d *dice) age(c *canvas) {
	strength, grain := int(d.between(205, 256)), int(d.between(0, 24))
	var random uint64
	for i := range c {
		if i%8 == 0 {
			random = d.next()
		}
		noise := int(random&0xff)*grain/256 - grain/2
		random >>= 8
		c[i] = byte(min(max(int(c[i])*strength/256+noise, 0), 255))
	}
}
