package audio

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// stripTags finds the audio between the tags that programs put around it: ID3v2 and APE before, ID3v1, APE and Lyrics3
// behind. It returns where the audio begins and ends.
func stripTags(file []byte) (start, end int, p *Problem) {
	for {
		size, name := leadingTag(file[start:])
		if name == "" {
			break
		}
		if size > len(file)-start {
			return 0, 0, problem(Malformed, start, "an %s tag claims %d bytes, but the file ends after %d", name, size, len(file)-start)
		}
		start += size
	}
	for end = len(file); ; {
		size := trailingTag(file[start:end])
		if size == 0 {
			return start, end, nil
		}
		end -= size
	}
}

// leadingTag is the size that a tag at the beginning claims to have.
func leadingTag(b []byte) (size int, name string) {
	switch {
	case len(b) >= 10 && bytes.HasPrefix(b, []byte("ID3")) && b[6]|b[7]|b[8]|b[9] < 0x80: // id3.org, ID3v2.4.0 section 3.1
		size = 10 + int(b[6])<<21 + int(b[7])<<14 + int(b[8])<<7 + int(b[9])
		if footer := b[5]&0x10 != 0; footer {
			size += 10
		}
		return size, "ID3v2"
	case len(b) >= apeBytes && bytes.HasPrefix(b, []byte("APETAGEX")):
		return apeBytes + int(binary.LittleEndian.Uint32(b[12:])), "APE"
	}
	return 0, ""
}

// apeBytes is the size of an APE tag's header and of its footer. The size that either states counts the items and the
// footer, not the header.
const apeBytes = 32

// trailingTag is the size of a tag at the end, or 0. What claims to be larger than the file is no tag.
func trailingTag(b []byte) int {
	n := len(b)
	if n >= 128 && string(b[n-128:n-125]) == "TAG" {
		return 128
	}
	if n >= apeBytes && string(b[n-apeBytes:n-apeBytes+8]) == "APETAGEX" {
		footer := b[n-apeBytes:]
		size := int(binary.LittleEndian.Uint32(footer[12:]))
		if hasHeader := binary.LittleEndian.Uint32(footer[20:])>>31 == 1; hasHeader {
			size += apeBytes
		}
		if size >= apeBytes && size <= n {
			return size
		}
	}
	if n >= 15 && string(b[n-9:]) == "LYRICS200" {
		if size, err := strconv.Atoi(string(b[n-15 : n-9])); err == nil && size >= 0 && size+15 <= n {
			return size + 15
		}
	}
	return 0
}

// infoFrame is what a first frame says that holds no sound but facts about the stream.
type infoFrame struct {
	frames         int // that follow; 0: not stated
	encoder        bool
	delay, padding int // samples that the encoder added before and behind; only where an encoder signed
}

// decoderDelay is how late, in samples, every layer III decoder is.
const decoderDelay = 528 + 1

// parseInfo recognises the frames that Xing's, LAME's and Fraunhofer's encoders put first (gabriel.mp3-tech.org/mp3infotag.html).
func parseInfo(h header, frame []byte) (info infoFrame, ok bool) {
	if vbri := 4 + 32; len(frame) >= vbri+18 && string(frame[vbri:vbri+4]) == "VBRI" {
		return infoFrame{frames: int(binary.BigEndian.Uint32(frame[vbri+14:]))}, true
	}
	at := 4 + h.sideBytes() // a CRC is not counted by all who write the tag
	if !isXing(frame, at) {
		at = h.sideAt() + h.sideBytes()
	}
	if !isXing(frame, at) {
		return info, false
	}
	flags := binary.BigEndian.Uint32(frame[at+4:])
	at += 8
	if flags&1 != 0 && len(frame) >= at+4 {
		info.frames = int(binary.BigEndian.Uint32(frame[at:]))
	}
	for bit, size := range []int{4, 4, 100, 4} { // frames, bytes, table of contents, quality
		if flags>>bit&1 != 0 {
			at += size
		}
	}
	if len(frame) >= at+24 {
		info.encoder = signed(frame[at:])
	}
	if info.encoder {
		info.delay = int(frame[at+21])<<4 | int(frame[at+22]>>4)
		info.padding = int(frame[at+22]&15)<<8 | int(frame[at+23])
	}
	return info, true
}

func isXing(frame []byte, at int) bool {
	return len(frame) >= at+8 && (string(frame[at:at+4]) == "Xing" || string(frame[at:at+4]) == "Info")
}

// signed reports whether an encoder that states its delay has signed.
func signed(b []byte) bool {
	for _, name := range []string{"LAME", "Lavf", "Lavc", "L3.9", "GOGO"} {
		if bytes.HasPrefix(b, []byte(name)) {
			return true
		}
	}
	return false
}

// trim is the range of samples, of all that the frames decode to, that was recorded. Where the info frame states
// nothing, or nonsense, it is all.
func (info infoFrame) trim(total int) (from, to int) {
	if !info.encoder || info.delay+info.padding >= total {
		return 0, total
	}
	from = info.delay + decoderDelay
	return min(from, total), min(total, from+total-info.delay-info.padding)
}
