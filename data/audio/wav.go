package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// encoding of a sample in a WAV file, as its format chunk numbers it.
type encoding uint16

const (
	pcm        encoding = 1
	float      encoding = 3
	aLaw       encoding = 6
	muLaw      encoding = 7
	extensible encoding = 0xfffe // the encoding is the first two bytes of a GUID
)

// waveFormat is what the format chunk states.
type waveFormat struct {
	encoding encoding
	channels int
	rate     int
	bytes    int // of one sample
}

// streamed is the size that programs write who do not know yet how long the sound will be; others write 0.
const streamed = 0xffffffff

// readWAV decodes the first seconds of a RIFF WAVE file: PCM of 8, 16, 24 and 32 bits, floats of 32 and 64, A-law and
// mu-law, plain or extensible.
func readWAV(file []byte, seconds float64) (*Clip, *Problem) {
	if len(file) < 12 || string(file[8:12]) != "WAVE" {
		return nil, problem(Unsupported, 8, "a RIFF file, but not WAVE")
	}
	var format *waveFormat
	var damage damages
	for at := 12; ; {
		if len(file)-at < 8 {
			return nil, problem(Malformed, at, "the file ends before any data chunk")
		}
		name, size := string(file[at:at+4]), int(binary.LittleEndian.Uint32(file[at+4:]))
		body := file[at+8:]
		if name == "data" {
			if format == nil {
				return nil, problem(Malformed, at, "a data chunk with no format chunk before it")
			}
			return format.clip(body, size, at+8, seconds, damage)
		}
		if size > len(body) {
			return nil, problem(Malformed, at, "chunk %q claims %d bytes, but the file ends after %d", name, size, len(body))
		}
		if name == "fmt " {
			f, p := parseFormat(body[:size], at+8)
			if p != nil {
				return nil, p
			}
			format = f
		}
		at += 8 + size + size%2
	}
}

// guidTail follows the encoding in the GUID of an extensible format.
var guidTail = []byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71}

func parseFormat(b []byte, offset int) (*waveFormat, *Problem) {
	if len(b) < 16 {
		return nil, problem(Malformed, offset, "a format chunk of %d bytes: want at least 16", len(b))
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	f := &waveFormat{encoding: encoding(u16(0)), channels: u16(2), rate: int(binary.LittleEndian.Uint32(b[4:]))}
	block, bits := u16(12), u16(14)
	if f.encoding == extensible {
		if len(b) < 40 || !bytes.Equal(b[26:40], guidTail) {
			return nil, problem(Unsupported, offset, "an extensible format without a known encoding")
		}
		f.encoding = encoding(u16(24))
	}
	allowed, known := map[encoding][]int{pcm: {8, 16, 24, 32}, float: {32, 64}, aLaw: {8}, muLaw: {8}}[f.encoding]
	switch {
	case !known:
		return nil, problem(Unsupported, offset, "encoding %#04x is not read: want PCM, float, A-law or mu-law", int(f.encoding))
	case f.channels < 1 || f.channels > MaxChannels:
		return nil, problem(Malformed, offset, "%d channels: want 1 to %d", f.channels, MaxChannels)
	case f.rate < MinRate || f.rate > MaxRate:
		return nil, problem(Unsupported, offset, "%d samples a second: want %d to %d", f.rate, MinRate, MaxRate)
	case block%f.channels != 0 || bits < 1 || bits > 64:
		return nil, problem(Malformed, offset, "%d bytes for %d channels of %d bits", block, f.channels, bits)
	}
	f.bytes = block / f.channels // samples of an odd width are stored in the high bits of whole bytes
	for _, width := range allowed {
		if width == 8*f.bytes && bits <= width && (f.encoding == pcm || bits == width) {
			return f, nil
		}
	}
	return nil, problem(Unsupported, offset, "samples of %d bits in %d bytes", bits, f.bytes)
}

// clip decodes a data chunk of a stated size, of which the file may hold less.
func (f *waveFormat) clip(body []byte, size, offset int, seconds float64, damage damages) (*Clip, *Problem) {
	if size != 0 && size != streamed {
		if size > len(body) {
			damage.note(offset+len(body), fmt.Sprintf("the file ends after %d of %d bytes of sound", len(body), size))
		}
		body = body[:min(size, len(body))]
	}
	block := f.channels * f.bytes
	n := min(len(body)/block, int(seconds*float64(f.rate)))
	if n == 0 {
		return nil, problem(Empty, offset, "a data chunk without a whole sample")
	}
	samples := make([]float32, n)
	decode := f.decoder()
	for i := range samples {
		var sum float64
		for c := range f.channels {
			at := i*block + c*f.bytes
			v := decode(body[at : at+f.bytes])
			if !(math.Abs(v) <= maxFloat) {
				damage.note(offset+at, "a sample that is no usable number, taken as silence")
				v = 0
			}
			sum += v
		}
		samples[i] = float32(sum / float64(f.channels))
	}
	return &Clip{Samples: samples, Rate: f.rate, Damage: damage}, nil
}

// maxFloat bounds float samples; full scale is 1.
const maxFloat = 1e6

// decoder is how one sample becomes a number, full scale being 1.
func (f *waveFormat) decoder() func([]byte) float64 {
	switch f.encoding {
	case float:
		if f.bytes == 4 {
			return func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
		}
		return func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
	case aLaw:
		return func(b []byte) float64 { return float64(expandA(b[0])) / 32768 }
	case muLaw:
		return func(b []byte) float64 { return float64(expandMu(b[0])) / 32768 }
	}
	switch f.bytes {
	case 1: // the only width without a sign
		return func(b []byte) float64 { return (float64(b[0]) - 128) / 128 }
	case 2:
		return func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15) }
	case 3:
		return func(b []byte) float64 {
			return float64(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
		}
	}
	return func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31) }
}

// expandMu and expandA are the 14- and 13-bit values of ITU-T G.711, scaled to 16 bits.
func expandMu(b byte) int {
	b = ^b
	v := (int(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

func expandA(b byte) int {
	b ^= 0x55
	v := int(b&0x0f)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}
