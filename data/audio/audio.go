// Package audio turns recordings, as people have them, into spectrograms that a network can train on: MP3 and WAV to
// mono samples, samples at any rate to 16 kHz, samples to a log-mel spectrogram of a stated size.
//
// Every step is a function of one recording and of public constants, so that records stay independent of each other.
// Nothing is fitted to data.
package audio

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds on everything that is read, checked before it is allocated.
const (
	MaxFileBytes = 64 << 20 // a recording's file
	MaxSeconds   = 60.0     // what is decoded of one recording
	MinRate      = 4000     // samples per second of a WAV file
	MaxRate      = 192000
	MaxChannels  = 32 // of a WAV file
)

// Clip is a decoded recording.
type Clip struct {
	Samples []float32 // mono: the mean of the channels; full scale is 1
	Rate    int       // samples per second
	Damage  []Damage  // what was not as it should be, and could be mended or left out
}

// Damage is something that was wrong with a recording, but did not keep it from being read.
type Damage struct {
	What   string // in words, without a place
	Times  int    // how often it was seen
	Offset int64  // of the first time, in bytes from the start of the file
}

func (d Damage) String() string {
	if d.Times == 1 {
		return fmt.Sprintf("%s at byte %d", d.What, d.Offset)
	}
	return fmt.Sprintf("%s, %d times, first at byte %d", d.What, d.Times, d.Offset)
}

// Reason says of what kind a problem is.
type Reason string

const (
	NotAudio    Reason = "not audio"   // nothing that looks like a recording
	Unsupported Reason = "unsupported" // a format that is known and not decoded
	NeedsPage   Reason = "needs page"  // not decoded here, but a browser's own decoder can
	Malformed   Reason = "malformed"   // it contradicts itself
	Damaged     Reason = "damaged"     // more of it is broken than sound
	TooLarge    Reason = "too large"
	Empty       Reason = "empty" // well formed, and without a single sample
)

// Problem is why a recording can't be used. Every error of [Read] is one.
type Problem struct {
	File   string
	Offset int64 // in bytes from the start of the file, or -1: the file as a whole
	Reason Reason
	Detail string
}

func (p *Problem) Error() string { return "audio: " + p.File + ": " + p.What() }

// What is the problem without the file's name.
func (p *Problem) What() string {
	if p.Offset < 0 {
		return p.Detail
	}
	return fmt.Sprintf("at byte %d: %s", p.Offset, p.Detail)
}

func problem(reason Reason, offset int, format string, args ...any) *Problem {
	return &Problem{Offset: int64(offset), Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Is reports whether a file's name is one of a recording that [Read] may be able to read.
func Is(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".mp3") || strings.HasSuffix(name, ".wav") || strings.HasSuffix(name, ".wave")
}

// Read decodes the first seconds of a recording (0: [MaxSeconds]). What the file holds is told by its first bytes; its
// name appears in errors only. The error is a [*Problem].
func Read(name string, file []byte, seconds float64) (*Clip, error) {
	clip, p := read(file, seconds)
	if p != nil {
		p.File = name
		return nil, p
	}
	return clip, nil
}

func read(file []byte, seconds float64) (*Clip, *Problem) {
	if seconds == 0 {
		seconds = MaxSeconds
	}
	switch {
	case !(seconds > 0 && seconds <= MaxSeconds):
		return nil, problem(TooLarge, -1, "%g seconds asked for: want more than 0 and at most %g", seconds, MaxSeconds)
	case len(file) == 0:
		return nil, problem(Empty, -1, "the file is empty")
	case len(file) > MaxFileBytes:
		return nil, problem(TooLarge, -1, "%d bytes, more than the %d allowed", len(file), MaxFileBytes)
	}
	for magic, name := range otherFormats {
		if bytes.HasPrefix(file, []byte(magic)) {
			return nil, problem(Unsupported, 0, "%s is not read: convert it to WAV or MP3", name)
		}
	}
	if bytes.HasPrefix(file, []byte("RIFF")) {
		return readWAV(file, seconds)
	}
	return readMP3(file, seconds)
}

// otherFormats are formats that people take for recordings, by their first bytes.
var otherFormats = map[string]string{
	"RIFX":                 "big-endian WAV (RIFX)",
	"RF64":                 "WAV of more than 4 GiB (RF64)",
	"FORM":                 "AIFF",
	"OggS":                 "Ogg",
	"fLaC":                 "FLAC",
	"caff":                 "Core Audio",
	".snd":                 "Sun audio",
	"\x00\x00\x00\x18ftyp": "MPEG-4 audio", "\x00\x00\x00\x1cftyp": "MPEG-4 audio", "\x00\x00\x00\x20ftyp": "MPEG-4 audio",
	"\x1a\x45\xdf\xa3": "WebM or Matroska",
}

// damages counts what was wrong, in order of first appearance.
type damages []Damage

func (d *damages) note(offset int, what string) {
	for i := range *d {
		if (*d)[i].What == what {
			(*d)[i].Times++
			return
		}
	}
	*d = append(*d, Damage{What: what, Times: 1, Offset: int64(offset)})
}
