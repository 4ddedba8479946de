package audio

import (
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// tone is what testdata/make.py recorded, seconds after its beginning: the mean of its channels.
func tone(t float64, channels int) float64 {
	const seconds = 0.25
	fade := math.Min(1, math.Min(t/0.02, (seconds-t)/0.02))
	left := fade * (0.4*math.Sin(2*math.Pi*500*t) + 0.2*math.Sin(2*math.Pi*1700*t))
	right := fade * 0.3 * math.Sin(2*math.Pi*900*t)
	if channels == 1 {
		return left
	}
	return (left + right) / 2
}

//go:embed testdata/*.mp3
var recordings embed.FS // tests run in browsers too, where there are no files

// corpus is a copy of a recording that testdata/make.py made.
func corpus(t testing.TB, name string) []byte {
	t.Helper()
	file, err := recordings.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// noiseRatio compares samples to a tone: their gain, and in decibels the power of the tone over that of the difference.
// LAME scales what it is given, by 0.95 at a constant bit rate.
func noiseRatio(samples []float32, rate, channels int) (gain, decibels float64) {
	var tones, both, power float64
	for i, s := range samples {
		want := tone(float64(i)/float64(rate), channels)
		tones += want * want
		both += want * float64(s)
		power += float64(s) * float64(s)
	}
	return both / tones, 10 * math.Log10(both*both/(power*tones-both*both))
}

// Every rate of MPEG-1, 2 and 2.5, and every bit rate at which go-mp3 alone decodes 22.05 kHz to noise. What LAME's tag
// says is trimmed, so that sample i is at time i/rate: a shift by one sample would show as less than 25 dB.
func TestDecodesTones(t *testing.T) {
	for _, c := range []struct {
		file     string
		rate     int
		channels int
		decibels float64
	}{
		{"mono-44100.mp3", 44100, 1, 40},
		{"mono-48000.mp3", 48000, 1, 40},
		{"mono-32000.mp3", 32000, 1, 40},
		{"mono-24000.mp3", 24000, 1, 40},
		{"mono-16000.mp3", 16000, 1, 40},
		{"mono-12000.mp3", 12000, 1, 30},
		{"mono-11025.mp3", 11025, 1, 30},
		{"mono-22050-64.mp3", 22050, 1, 40},
		{"mono-22050-80.mp3", 22050, 1, 40},
		{"mono-22050-96.mp3", 22050, 1, 40},
		{"mono-22050-144.mp3", 22050, 1, 40},
		{"mono-22050-160.mp3", 22050, 1, 40},
		{"stereo-44100.mp3", 44100, 2, 40},
		{"joint-44100.mp3", 44100, 2, 30},
		{"joint-22050.mp3", 22050, 2, 25},
		{"top-44100.mp3", 44100, 2, 40},
		{"crc-44100.mp3", 44100, 1, 30},
		{"id3v2-44100.mp3", 44100, 1, 30},
		{"tagged-44100.mp3", 44100, 1, 30},
	} {
		clip, err := Read(c.file, corpus(t, c.file), 0)
		if err != nil {
			t.Error(err)
			continue
		}
		if want := c.rate / 4; clip.Rate != c.rate || len(clip.Samples) != want {
			t.Errorf("%s: %d samples at %d Hz, want %d at %d", c.file, len(clip.Samples), clip.Rate, want, c.rate)
		}
		if gain, got := noiseRatio(clip.Samples, c.rate, c.channels); !(got >= c.decibels && gain > 0.93 && gain < 1.01) {
			t.Errorf("%s: gain %.3f, %.1f dB over the noise, want %.0f", c.file, gain, got, c.decibels)
		}
		if len(clip.Damage) > 0 {
			t.Errorf("%s: damage %v", c.file, clip.Damage)
		}
	}
}

// Without a tag nothing is trimmed: the sound begins after the delays of encoder and decoder.
func TestUntaggedKeepsItsDelay(t *testing.T) {
	clip, err := Read("untagged", corpus(t, "untagged-16000.mp3"), 0)
	if err != nil {
		t.Fatal(err)
	}
	const delay = 576 + decoderDelay // LAME's encoder delay
	if len(clip.Samples)%576 != 0 || len(clip.Samples) < delay+4000 {
		t.Fatalf("%d samples", len(clip.Samples))
	}
	if _, got := noiseRatio(clip.Samples[delay:delay+4000], 16000, 1); !(got > 40) {
		t.Errorf("%.1f dB over the noise", got)
	}
}

func TestReadsOnlyTheSecondsAskedFor(t *testing.T) {
	for _, name := range []string{"mono-44100.mp3", "untagged-16000.mp3", "joint-22050.mp3"} {
		all, err := Read(name, corpus(t, name), 0)
		if err != nil {
			t.Fatal(err)
		}
		some, err := Read(name, corpus(t, name), 0.1)
		if err != nil {
			t.Fatal(err)
		}
		if want := all.Rate / 10; len(some.Samples) != want {
			t.Errorf("%s: %d samples, want %d", name, len(some.Samples), want)
		}
		for i := range some.Samples {
			if some.Samples[i] != all.Samples[i] {
				t.Fatalf("%s: sample %d differs", name, i)
			}
		}
	}
}

func TestRefusesByName(t *testing.T) {
	layer2 := bytes.Repeat(append([]byte{0xff, 0xfd, 0x80, 0x04}, make([]byte, 413)...), 3)
	crasher, err := hex.DecodeString("fff3243030303030" + "3030ea3030303030" + "3031a330" + strings.Repeat("30", 28))
	if err != nil {
		t.Fatal(err)
	}
	tag := func(size ...byte) []byte {
		return append(append([]byte("ID3\x04\x00\x00"), size...), corpus(t, "mono-16000.mp3")...)
	}
	intensity := joint(t, "joint-22050.mp3", 1)
	for _, c := range []struct {
		name   string
		file   []byte
		reason Reason
		says   string
	}{
		{"free", corpus(t, "free-44100.mp3"), Unsupported, "free format"},
		{"8 kHz", corpus(t, "mono-8000.mp3"), NeedsPage, "MPEG-2.5 at 8 kHz"},
		{"layer II", layer2, Unsupported, "MPEG-1 audio layer II,"},
		{"intensity", intensity, Unsupported, "intensity stereo"},
		{"no bytes", nil, Empty, "empty"},
		{"text", []byte("these are no sounds, whatever the name says"), NotAudio, "neither"},
		{"zeros", make([]byte, 5000), NotAudio, "neither"},
		{"ID3 of 256 MB", tag(0x7f, 0x7f, 0x7f, 0x7f), Malformed, "at byte 0: an ID3v2 tag claims 268435465 bytes"},
		{"crasher", crasher, Damaged, "mixed blocks"},
		{"Ogg", []byte("OggS and so on"), Unsupported, "Ogg"},
		{"all silenced", mixedBlocks(t, "untagged-16000.mp3", 1), Damaged, "mixed blocks"},
	} {
		_, err := Read(c.name, c.file, 0)
		var p *Problem
		if !errors.As(err, &p) || p.Reason != c.reason || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: error %v, want one of kind %q that says %q", c.name, err, c.reason, c.says)
		}
	}
	if _, err := Read("long", corpus(t, "mono-16000.mp3"), MaxSeconds+1); err == nil {
		t.Error("more seconds than allowed were accepted")
	}
}

// framesOf are the frames of a file, as slices of a copy of it.
func framesOf(t testing.TB, name string) (file []byte, frames []frame) {
	t.Helper()
	file = corpus(t, name)
	w, f, p := newWalker(file)
	if p != nil {
		t.Fatal(p)
	}
	for ok := true; ok; f, ok = w.next() {
		frames = append(frames, f)
	}
	return file, frames
}

// joint labels every frame joint stereo with a mode extension.
func joint(t testing.TB, name string, extension byte) []byte {
	file, frames := framesOf(t, name)
	for _, f := range frames {
		f.bytes[3] = f.bytes[3]&0x0f | 1<<6 | extension<<4
	}
	return file
}

// mixedBlocks gives one in every so many frames of a mono MPEG-2 file a mixed block, at which go-mp3 panics.
func mixedBlocks(t testing.TB, name string, every int) []byte {
	file, frames := framesOf(t, name)
	for i := 0; i < len(frames); i += every {
		side := frames[i].bytes[frames[i].sideAt():]
		at := 8 + 1 + 12 + 9 + 8 + 9 // window switching, block type, mixed
		for bit, v := range []byte{1, 1, 0, 1} {
			side[(at+bit)/8] = side[(at+bit)/8]&^(0x80>>((at+bit)%8)) | v<<7>>((at+bit)%8)
		}
	}
	return file
}

func TestMixedBlocksInMPEG2BecomeSilence(t *testing.T) {
	clip, err := Read("mixed", mixedBlocks(t, "untagged-16000.mp3", 4), 0)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Read("whole", corpus(t, "untagged-16000.mp3"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(clip.Samples) != len(whole.Samples) || len(clip.Damage) != 1 || clip.Damage[0].Times != 3 || !strings.Contains(clip.Damage[0].What, "mixed") {
		t.Errorf("%d samples of %d, damage %v", len(clip.Samples), len(whole.Samples), clip.Damage)
	}
}

// Intensity stereo sends one channel for both in its upper bands; in MPEG-1 the mean of what either gets is half of it,
// whatever the positions. The decoder must therefore not see that it is intensity stereo.
func TestIntensityStereoOfMPEG1(t *testing.T) {
	plain, err := Read("plain", joint(t, "stereo-44100.mp3", 0), 0)
	if err != nil {
		t.Fatal(err)
	}
	intensity, err := Read("intensity", joint(t, "stereo-44100.mp3", 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range plain.Samples {
		if plain.Samples[i] != intensity.Samples[i] {
			t.Fatalf("sample %d is %g, not %g", i, intensity.Samples[i], plain.Samples[i])
		}
	}
	if _, err := Read("both", joint(t, "stereo-44100.mp3", 3), 0); err == nil {
		t.Error("intensity with mid/side stereo was accepted")
	}
}

// Short blocks in mid/side stereo, of which go-mp3 forgets the last lines. The values are mpg123's (1.31, mono); without the mend
// they are off by up to 29.
func TestShortBlocksInMidSideStereo(t *testing.T) {
	clip, err := Read("clicks", corpus(t, "clicks-44100.mp3"), 0)
	if err != nil {
		t.Fatal(err)
	}
	const at = 6340
	for i, want := range []float64{
		-5679, -4868, -3280, 1603, 7607, 9492, 5864, 890, -1764, -3455, -6350, -8317, -5650, 840, 5955, 6630, 5231, 4512, 3011, -1473, -6990, -8698, -5353, -826,
	} {
		if got := 32768 * float64(clip.Samples[at+i]); math.Abs(got-want) > 2 {
			t.Errorf("sample %d is %g, want %g", at+i, got, want)
		}
	}
}

func TestChecksum(t *testing.T) {
	file, frames := framesOf(t, "crc-44100.mp3")
	frames[3].bytes[9] ^= 4
	clip, err := Read("crc", file, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := Damage{What: "a frame whose checksum is wrong", Times: 1, Offset: int64(frames[3].offset)}
	if len(clip.Damage) != 1 || clip.Damage[0] != want {
		t.Errorf("damage %v, want %v", clip.Damage, want)
	}
}

// A file cut at its front lacks the reservoir of its first frames: they are silent, the rest is what it was.
func TestMissingReservoir(t *testing.T) {
	file, frames := framesOf(t, "joint-44100.mp3")
	whole, p := decodeAll(t, file)
	if p != nil {
		t.Fatal(p)
	}
	cut, p := decodeAll(t, file[frames[2].offset:])
	if p != nil {
		t.Fatal(p)
	}
	if want := len(whole) - 2*1152; len(cut) != want {
		t.Fatalf("%d samples, want %d", len(cut), want)
	}
	const settled = 5 * 1152
	for i := settled; i < len(cut); i++ {
		if cut[i] != whole[2*1152+i] {
			t.Fatalf("sample %d is %g, not %g", i, cut[i], whole[2*1152+i])
		}
	}
	clip, err := Read("cut", file[frames[2].offset:], 0)
	if err != nil || len(clip.Damage) != 1 || !strings.Contains(clip.Damage[0].What, "before the first frame") {
		t.Errorf("error %v, damage %v", err, clip)
	}
}

// decodeAll is everything that a file's frames decode to, untrimmed.
func decodeAll(t testing.TB, file []byte) ([]float32, *Problem) {
	t.Helper()
	w, first, p := newWalker(file)
	if p != nil {
		return nil, p
	}
	stream := newRepacker(w, first)
	samples, p := decode(stream, first.samples(), math.MaxInt)
	if p == nil && len(samples) != stream.frames*first.samples() {
		t.Errorf("%d frames decoded to %d samples", stream.frames, len(samples))
	}
	for _, d := range w.damages {
		if d.What == panicked {
			t.Errorf("%s", d)
		}
	}
	return samples, p
}

func TestTagsAndJunkChangeNothing(t *testing.T) {
	bare := corpus(t, "mono-44100.mp3")
	want, err := Read("bare", bare, 0)
	if err != nil {
		t.Fatal(err)
	}
	picture := bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x64, 7, 7, 7}, 100) // full of what looks like headers
	id3 := append([]byte{'I', 'D', '3', 3, 0, 0, 0, 0, byte(len(picture) >> 7), byte(len(picture) & 0x7f)}, picture...)
	ape := func(flags byte) []byte {
		b := make([]byte, apeBytes)
		copy(b, "APETAGEX")
		size := len(picture) + apeBytes
		b[12], b[13], b[23] = byte(size), byte(size>>8), flags
		return b
	}
	apeTag := append(append(ape(0xa0), picture...), ape(0x80)...)
	id3v1 := append([]byte("TAG"), make([]byte, 125)...)
	lyrics := append(append([]byte("LYRICSBEGIN"), picture...), "000711LYRICS200"...)
	for name, file := range map[string][]byte{
		"ID3v2":             concat(id3, bare),
		"ID3v2 twice":       concat(id3, id3, bare),
		"ID3v1":             concat(bare, id3v1),
		"APE":               concat(bare, apeTag),
		"APE in front":      concat(apeTag, bare),
		"APE and ID3v1":     concat(bare, apeTag, id3v1),
		"Lyrics3 and ID3v1": concat(bare, lyrics, id3v1),
		"zeros in front":    concat(make([]byte, 3000), bare),
	} {
		got, err := Read(name, file, 0)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(got.Samples) != len(want.Samples) || len(got.Damage) > 0 {
			t.Errorf("%s: %d samples, want %d; damage %v", name, len(got.Samples), len(want.Samples), got.Damage)
			continue
		}
		for i := range want.Samples {
			if got.Samples[i] != want.Samples[i] {
				t.Errorf("%s: sample %d differs", name, i)
				break
			}
		}
	}
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestTruncatedAnywhere(t *testing.T) {
	file := corpus(t, "joint-22050.mp3")
	whole, err := Read("whole", file, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(file); n += 17 {
		clip, err := Read("cut", file[:n], 0)
		if err != nil {
			continue
		}
		if len(clip.Samples) > len(whole.Samples)+1152 || len(clip.Damage) == 0 {
			t.Errorf("cut to %d bytes: %d samples of %d, damage %v", n, len(clip.Samples), len(whole.Samples), clip.Damage)
		}
	}
}

// Flipped bits: never a panic, never a length that the frames did not promise. CLOISTER_LONG=1 tries 30,000 files.
func TestFlippedBits(t *testing.T) {
	files, err := recordings.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	tries := 100
	if os.Getenv("CLOISTER_LONG") != "" {
		tries = 30000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	read := 0
	for range tries {
		file := corpus(t, files[rng.IntN(len(files))].Name())
		for range 1 + rng.IntN(20) {
			file[rng.IntN(len(file))] ^= 1 << rng.IntN(8)
		}
		if _, p := decodeAll(t, file); p == nil {
			read++
		}
		if _, err := Read("flipped", file, 0); err != nil && !errors.As(err, new(*Problem)) {
			t.Errorf("an error of no kind: %v", err)
		}
	}
	if read < tries/2 {
		t.Errorf("only %d of %d files were read at all", read, tries)
	}
	t.Logf("%d of %d files with flipped bits read", read, tries)
}

func FuzzMP3(f *testing.F) {
	for _, name := range []string{"mono-22050-32.mp3", "joint-22050.mp3", "mono-11025.mp3", "crc-44100.mp3", "mono-8000.mp3", "free-44100.mp3"} {
		f.Add(corpus(f, name))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		decodeAll(t, file)
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
	})
}
