package audio

import (
	"bytes"
	"io"
)

// repacker reads as a stream that go-mp3 v0.3.4 decodes rightly, whatever the file holds. Frame by frame, in one pass, it
// takes each frame's main data out of the file's bit reservoir, checks it, and writes it into a frame of the highest bit
// rate with a reservoir of its own. What that mends:
//
//   - go-mp3 miscounts the size of padded MPEG-2 frames. Here no frame is padded, and sizes are those that it computes.
//   - It panics on some side information, and decodes noise where the reservoir lacks what a frame wants. Such frames
//     become silence.
//   - It refuses MPEG-2.5. At 11.025 and 12 kHz that has the tables of MPEG-2 at 16 kHz, and is labelled so.
//   - It leaves the last lines of short blocks out of mid/side stereo, see mendMidSide.
//   - It decodes intensity stereo wrongly. For the mean of both channels, MPEG-1 without mid/side needs none; the rest
//     is refused.
//
// A frame's data fit if they fitted before: a reservoir fed by larger frames is never emptier.
type repacker struct {
	walk    *walker
	problem *Problem // ends the stream

	reservoir []byte // main data of the frames before, as the file has them, newest last
	pending   []byte // the next frame to read; the frame after it may still begin in its last room bytes
	room      int
	reading   []byte // the frame being read
	unread    []byte // the rest of it

	pendingAt, readingAt int  // where in the file they are from
	again                bool // the frame being read is read for the second time

	frames, silent int // begun to read; of these, silenced
}

// newRepacker begins with a first frame.
func newRepacker(w *walker, first frame) *repacker {
	r := &repacker{walk: w}
	r.pending = r.repack(first)
	return r
}

// Read hands over at most what is left of one frame.
func (r *repacker) Read(b []byte) (int, error) {
	if len(r.unread) == 0 {
		r.advance()
	}
	if r.problem != nil {
		return 0, r.problem
	}
	if len(r.unread) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

func (r *repacker) advance() {
	if r.problem != nil || r.pending == nil {
		return
	}
	r.reading, r.readingAt, r.again = r.pending, r.pendingAt, false
	var next []byte
	if f, ok := r.walk.next(); ok {
		next = r.repack(f) // may write into the end of the frame that is read now
	}
	r.pending, r.unread = next, r.reading
	r.frames++
}

// rewindSilent makes the frame that was read last come again, silent, unless it already has. A fresh decoder that begins
// with it finds the reservoir that the next frame wants.
func (r *repacker) rewindSilent(why string) bool {
	if r.again {
		return false
	}
	h, _ := parseHeader(r.reading)
	clear(r.reading[h.sideAt() : h.sideAt()+h.sideBytes()])
	r.unread, r.again = r.reading, true
	r.silent++
	r.walk.damages.note(r.readingAt, why)
	return true
}

// repack makes a frame of the highest bit rate of a frame of the file. Its main data begin in the room that the pending
// frame left.
func (r *repacker) repack(f frame) []byte {
	if f.intensity() && (f.midSide() || f.version != mpeg1) {
		r.problem = problem(Unsupported, f.offset, "intensity stereo, which is not decoded: save it again as plain stereo or mono")
		return nil
	}
	r.pendingAt = f.offset
	coded, fault := r.mainData(f)
	out := blank(f.header)
	h, _ := parseHeader(out)
	at := h.sideAt() + h.sideBytes()
	begin := min(r.room, h.reach())
	if fault == "" && len(coded.main) > begin+len(out)-at {
		fault = "a frame that is too large for its rate"
	}
	r.room = len(out) - at
	if fault != "" {
		r.silent++
		r.walk.damages.note(f.offset, fault)
		return out
	}
	coded = coded.mendMidSide(f.header, begin+r.room-h.reach()) // what it adds leaves the next frame all that it can want
	copy(out[h.sideAt():], withBegin(h, coded.side, begin))
	early := min(begin, len(coded.main))
	copy(r.pending[len(r.pending)-begin:], coded.main[:early])
	copy(out[at:], coded.main[early:])
	r.room -= len(coded.main) - early
	return out
}

// coded is what a frame decodes from.
type coded struct {
	sideInfo
	side, main []byte
}

// mainData takes what a frame decodes from out of the reservoir and itself, or says what is wrong with it.
func (r *repacker) mainData(f frame) (c coded, fault string) {
	if f.gap {
		r.reservoir = nil // what was lost may have held main data
	}
	body := f.bytes[f.sideAt():]
	side, own := body[:f.sideBytes()], body[f.sideBytes():]
	s := readSide(f.header, side)
	have := append(r.reservoir, own...)
	start := len(r.reservoir) - s.begin
	r.reservoir = bytes.Clone(have[max(0, len(have)-f.reach()):])
	size := (s.bits + 7) / 8
	switch {
	case f.crc && crc16(f.bytes[2:4], side) != uint16(f.bytes[4])<<8|uint16(f.bytes[5]):
		return c, "a frame whose checksum is wrong"
	case s.fault != "":
		return c, s.fault
	case start < 0:
		return c, "a frame that needs data from before the first frame or a gap"
	case size > len(have)-start:
		return c, "a frame that needs more data than there are"
	}
	return coded{s, side, have[start : start+size]}, ""
}

// blank is a silent frame like another, as large as can be, and as go-mp3 computes its size.
func blank(h header) []byte {
	v, rateIndex, rate := h.version, h.rateIndex, h.rate
	if v == mpeg25 {
		v, rateIndex, rate = mpeg2, 2, 16000
	}
	mode := h.mode
	if h.intensity() {
		mode &^= 1
	}
	size := 144 * 1000 * kbps[h.low()][topBitrate] / rate >> h.low()
	out := make([]byte, size)
	copy(out, []byte{0xff, 0xe3 | byte(v)<<3, topBitrate<<4 | rateIndex<<2, mode << 4}) // layer III, no CRC, no padding
	return out
}
