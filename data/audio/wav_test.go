package audio

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// chunk is a RIFF chunk, padded to an even length.
func chunk(name string, size int, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(size))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), concat(chunks...)...)
	return chunk("RIFF", len(body), body)
}

// format is a format chunk's body.
func format(e encoding, channels, rate, bits int) []byte {
	block := channels * ((bits + 7) / 8)
	b := binary.LittleEndian.AppendUint16(nil, uint16(e))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*block))
	b = binary.LittleEndian.AppendUint16(b, uint16(block))
	return binary.LittleEndian.AppendUint16(b, uint16(bits))
}

// extended is the body of an extensible format chunk for another one.
func extended(plain []byte) []byte {
	b := append([]byte(nil), plain...)
	binary.LittleEndian.PutUint16(b, uint16(extensible))
	b = append(b, 22, 0, plain[14], plain[15], 0, 0, 0, 0)
	return append(append(b, plain[:2]...), guidTail...)
}

func fmtChunk(body []byte) []byte  { return chunk("fmt ", len(body), body) }
func dataChunk(body []byte) []byte { return chunk("data", len(body), body) }

// Each encoding's bytes are written out by hand, for the samples 0, 1/2, -1/2 and -1, as near as it has them.
func TestWAVEncodings(t *testing.T) {
	f32 := func(v ...float32) (b []byte) {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	f64 := func(v ...float64) (b []byte) {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		return b
	}
	for _, c := range []struct {
		name     string
		encoding encoding
		bits     int
		bytes    []byte
	}{
		{"8 bits", pcm, 8, []byte{128, 192, 64, 0}},
		{"16 bits", pcm, 16, []byte{0, 0, 0, 0x40, 0, 0xc0, 0, 0x80}},
		{"24 bits", pcm, 24, []byte{0, 0, 0, 0, 0, 0x40, 0, 0, 0xc0, 0, 0, 0x80}},
		{"20 bits in 24", pcm, 20, []byte{0, 0, 0, 0, 0, 0x40, 0, 0, 0xc0, 0, 0, 0x80}},
		{"32 bits", pcm, 32, []byte{0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0xc0, 0, 0, 0, 0x80}},
		{"float", float, 32, f32(0, 0.5, -0.5, -1)},
		{"double", float, 64, f64(0, 0.5, -0.5, -1)},
	} {
		for _, body := range [][]byte{format(c.encoding, 1, 8000, c.bits), extended(format(c.encoding, 1, 8000, c.bits))} {
			clip, err := Read(c.name, riff(fmtChunk(body), chunk("LIST", 3, []byte("odd")), dataChunk(c.bytes)), 0)
			if err != nil {
				t.Error(err)
				continue
			}
			want := []float32{0, 0.5, -0.5, -1}
			for i, w := range want {
				if len(clip.Samples) != 4 || clip.Samples[i] != w || clip.Rate != 8000 {
					t.Errorf("%s: %v at %d Hz, want %v at 8000", c.name, clip.Samples, clip.Rate, want)
					break
				}
			}
		}
	}
}

// Some values of ITU-T G.711: the ends of its tables 1 and 2, scaled to 16 bits, as every implementation has them.
func TestLaws(t *testing.T) {
	for b, want := range map[byte]int{0x00: -32124, 0x80: 32124, 0x7f: 0, 0xff: 0, 0xfe: 8, 0x7e: -8, 0x8f: 16764, 0x10: -15996} {
		if got := expandMu(b); got != want {
			t.Errorf("mu-law %#02x is %d, want %d", b, got, want)
		}
	}
	for b, want := range map[byte]int{0x2a: -32256, 0xaa: 32256, 0xd5: 8, 0x55: -8, 0xd4: 24, 0xc5: 264, 0xf5: 528} {
		if got := expandA(b); got != want {
			t.Errorf("A-law %#02x is %d, want %d", b, got, want)
		}
	}
	clip, err := Read("laws", riff(fmtChunk(append(format(muLaw, 1, 8000, 8), 0, 0)), dataChunk([]byte{0x80, 0xff})), 0)
	if err != nil || clip.Samples[0] != 32124.0/32768 || clip.Samples[1] != 0 {
		t.Errorf("%v, %v", clip, err)
	}
}

func TestWAVIsTheMeanOfItsChannels(t *testing.T) {
	clip, err := Read("stereo", riff(fmtChunk(format(pcm, 2, 44100, 16)), dataChunk([]byte{0, 0x40, 0, 0xe0, 0, 0x20, 0, 0x20})), 0)
	if err != nil || len(clip.Samples) != 2 || clip.Samples[0] != 0.125 || clip.Samples[1] != 0.25 {
		t.Errorf("%v, %v", clip, err)
	}
}

// Programs that stream write no size, or all ones; a file may be cut.
func TestWAVSizes(t *testing.T) {
	sound := []byte{0, 0x40, 0, 0x40, 0, 0x40}
	for _, c := range []struct {
		name                  string
		stated, samples, hurt int
	}{
		{"exact", 6, 3, 0}, {"unknown", 0, 3, 0}, {"streamed", streamed, 3, 0}, {"cut", 100, 3, 1}, {"with a tail", 4, 2, 0}, {"odd", 5, 2, 0},
	} {
		clip, err := Read(c.name, append(riff(fmtChunk(format(pcm, 1, 8000, 16)), chunk("data", c.stated, sound)), 0x77), 0)
		if err != nil || len(clip.Samples) != c.samples || len(clip.Damage) != c.hurt {
			t.Errorf("%s: %v, %v; want %d samples", c.name, clip, err, c.samples)
		}
	}
	clip, err := Read("short", riff(fmtChunk(format(pcm, 1, 8000, 16)), dataChunk(make([]byte, 16000))), 0.25)
	if err != nil || len(clip.Samples) != 2000 {
		t.Errorf("%v", err)
	}
}

func TestWAVWithoutNumbers(t *testing.T) {
	var sound []byte
	for _, v := range []float32{float32(math.NaN()), 0.5, float32(math.Inf(1)), 1e30} {
		sound = binary.LittleEndian.AppendUint32(sound, math.Float32bits(v))
	}
	clip, err := Read("NaN", riff(fmtChunk(format(float, 1, 8000, 32)), dataChunk(sound)), 0)
	if err != nil || clip.Samples[0] != 0 || clip.Samples[1] != 0.5 || clip.Samples[2] != 0 || clip.Samples[3] != 0 || clip.Damage[0].Times != 3 {
		t.Errorf("%v, %v", clip, err)
	}
}

func TestWAVRefusals(t *testing.T) {
	good := fmtChunk(format(pcm, 1, 8000, 16))
	sound := dataChunk(make([]byte, 8))
	for _, c := range []struct {
		name   string
		file   []byte
		reason Reason
		says   string
	}{
		{"AVI", chunk("RIFF", 4, []byte("AVI LIST")), Unsupported, "not WAVE"},
		{"RF64", []byte("RF64\xff\xff\xff\xffWAVE"), Unsupported, "RF64"},
		{"no data", riff(good), Malformed, "before any data"},
		{"no format", riff(sound), Malformed, "no format chunk"},
		{"short format", riff(fmtChunk(make([]byte, 14)), sound), Malformed, "14 bytes"},
		{"ADPCM", riff(fmtChunk(format(2, 1, 8000, 4)), sound), Unsupported, "encoding 0x0002"},
		{"no channels", riff(fmtChunk(format(pcm, 0, 8000, 16)), sound), Malformed, "0 channels"},
		{"65,535 channels", riff(fmtChunk(format(pcm, 65535, 8000, 8)), sound), Malformed, "65535 channels"},
		{"rate 0", riff(fmtChunk(format(pcm, 1, 0, 16)), sound), Unsupported, "0 samples a second"},
		{"rate 4 GHz", riff(fmtChunk(format(pcm, 1, math.MaxUint32, 16)), sound), Unsupported, "4294967295 samples"},
		{"PCM of 64 bits", riff(fmtChunk(format(pcm, 1, 8000, 64)), sound), Unsupported, "64 bits"},
		{"half floats", riff(fmtChunk(format(float, 1, 8000, 16)), sound), Unsupported, "16 bits"},
		{"ambisonic GUID", riff(fmtChunk(append(extended(format(pcm, 1, 8000, 16))[:39], 9)), sound), Unsupported, "extensible"},
		{"no samples", riff(good, dataChunk(nil)), Empty, "whole sample"},
		{"chunk past the end", riff(chunk("LIST", 1<<30, nil), good, sound), Malformed, `chunk "LIST" claims 1073741824`},
		{"only RIFF", []byte("RIFF"), Unsupported, "not WAVE"},
	} {
		_, err := Read(c.name, c.file, 0)
		var p *Problem
		if !errors.As(err, &p) || p.Reason != c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one of kind %q that says %q", c.name, err, c.reason, c.says)
		}
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(riff(fmtChunk(format(pcm, 2, 44100, 24)), dataChunk(make([]byte, 60))))
	f.Add(riff(fmtChunk(extended(format(float, 1, 8000, 32))), chunk("data", streamed, make([]byte, 60))))
	f.Add(riff(fmtChunk(format(aLaw, 1, 8000, 8)), chunk("LIST", 3, []byte("odd")), dataChunk(make([]byte, 9))))
	f.Fuzz(func(t *testing.T, file []byte) {
		clip, err := Read("fuzz", file, 0.5)
		if err != nil {
			if !errors.As(err, new(*Problem)) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if len(clip.Samples) == 0 || float64(len(clip.Samples)) > 0.5*float64(clip.Rate) {
			t.Errorf("%d samples at %d Hz in half a second", len(clip.Samples), clip.Rate)
		}
		for i, s := range clip.Samples {
			if !(math.Abs(float64(s)) <= maxFloat) {
				t.Fatalf("sample %d is %g", i, s)
			}
		}
	})
}
