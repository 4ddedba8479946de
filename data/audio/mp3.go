package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	mp3 "github.com/hajimehoshi/go-mp3"
)

// readMP3 decodes the first seconds of an MP3 file. Delay and padding are cut off where the file's metadata state them.
func readMP3(file []byte, seconds float64) (*Clip, *Problem) {
	walk, first, p := newWalker(file)
	if p != nil {
		return nil, p
	}
	stream := newRepacker(walk, first)
	rate := first.rate
	want := int(seconds * float64(rate))
	if walk.info.encoder {
		want += walk.info.delay + decoderDelay
	}
	all, p := decode(stream, first.samples(), want)
	switch {
	case p != nil:
		return nil, p
	case 2*stream.silent > stream.frames:
		return nil, problem(Damaged, -1, "%d of %d frames can't be decoded: %v", stream.silent, stream.frames, walk.damages)
	case len(all) != stream.frames*first.samples():
		return nil, problem(Damaged, -1, "%d frames decoded to %d samples, not %d", stream.frames, len(all), stream.frames*first.samples())
	}
	from, to := 0, len(all)
	if whole := stream.pending == nil; whole {
		from, to = walk.info.trim(len(all))
		if stated := walk.info.frames; stated > stream.frames {
			walk.damages.note(len(file), fmt.Sprintf("%d frames where %d are stated", stream.frames, stated))
		}
	} else if walk.info.encoder {
		from = min(to, walk.info.delay+decoderDelay)
	}
	samples := all[from:to]
	samples = samples[:min(len(samples), int(seconds*float64(rate)))]
	if len(samples) == 0 {
		return nil, problem(Empty, -1, "no sample is left after delay and padding")
	}
	return &Clip{Samples: samples, Rate: rate, Damage: walk.damages}, nil
}

// decode reads frames until there are as many samples as wanted or no more. A frame at which the decoder fails becomes
// silence, and a fresh decoder goes on after it.
func decode(stream *repacker, perFrame, want int) (samples []float32, p *Problem) {
	for len(samples) < want {
		d, err := start(stream)
		for err == nil && len(samples) < want {
			samples, err = d.frame(samples, perFrame)
		}
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return samples, nil
		case errors.As(err, &p):
			return nil, p
		}
		what := "a frame that can't be decoded"
		if errors.Is(err, errPanic) {
			what = panicked
		}
		if !stream.rewindSilent(what) {
			return nil, problem(Damaged, stream.readingAt, "a silent frame that can't be decoded: %v", err)
		}
	}
	return samples, nil
}

// decoder is go-mp3 whose panics are errors.
type decoder struct {
	*mp3.Decoder
	pcm []byte
}

func start(stream io.Reader) (d *decoder, err error) {
	defer recovered(&err)
	inner, err := mp3.NewDecoder(struct{ io.Reader }{stream}) // it would scan what can seek
	return &decoder{Decoder: inner}, err
}

// frame appends the next frame's samples, the mean of both channels, or none if it fails. go-mp3 gives 16-bit stereo
// whatever the file is.
func (d *decoder) frame(samples []float32, perFrame int) (_ []float32, err error) {
	defer recovered(&err)
	if len(d.pcm) != 4*perFrame {
		d.pcm = make([]byte, 4*perFrame)
	}
	if _, err := io.ReadFull(d, d.pcm); err != nil {
		return samples, err
	}
	for i := 0; i < len(d.pcm); i += 4 {
		left, right := int16(binary.LittleEndian.Uint16(d.pcm[i:])), int16(binary.LittleEndian.Uint16(d.pcm[i+2:]))
		samples = append(samples, float32(int(left)+int(right))/(2*32768))
	}
	return samples, nil
}

// panicked is how a recording's damage tells of what the checks before the decoder should have kept from it.
const panicked = "a frame at which the decoder panicked"

var errPanic = errors.New("the MP3 decoder panicked")

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", errPanic, r)
	}
}
