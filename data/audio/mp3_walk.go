package audio

import "bytes"

// walker finds the frames of layer III in what lies between the tags.
type walker struct {
	file     []byte
	pos, end int
	first    header // of the first frame; all others must follow it
	frames   int    // found so far, the info frame included
	info     infoFrame
	other    *Problem // why there may be no frame: the first header seen of something that is not decoded
	damages  damages
}

// frame is one frame of the file.
type frame struct {
	header
	bytes  []byte
	offset int  // in the file
	gap    bool // what came before it is not the frame before it
}

// newWalker strips the tags and finds the first frame with sound in it.
func newWalker(file []byte) (*walker, frame, *Problem) {
	start, end, p := stripTags(file)
	if p != nil {
		return nil, frame{}, p
	}
	w := &walker{file: file, pos: start, end: end}
	f, ok := w.next()
	switch {
	case !ok && w.other != nil:
		return nil, f, w.other
	case !ok:
		return nil, f, problem(NotAudio, -1, "neither a WAV file nor a single whole frame of MPEG layer III")
	case f.version == mpeg25 && f.rate == 8000:
		return nil, f, problem(NeedsPage, f.offset, "MPEG-2.5 at 8 kHz is not decoded here")
	}
	w.damages = nil // what precedes the first frame was a tag of some kind
	if w.info, ok = parseInfo(f.header, f.bytes); ok {
		if f, ok = w.next(); !ok {
			return nil, f, problem(Empty, w.pos, "an info frame, and no frame with sound after it")
		}
	}
	return w, f, nil
}

// next is the next frame. A header is believed where it continues the stream; after anything else, or to begin with, it
// must be confirmed by the header of the frame after it.
func (w *walker) next() (f frame, ok bool) {
	start := w.pos
	for ; w.pos+4 <= w.end; w.pos++ {
		h, ok := parseHeader(w.file[w.pos:w.end])
		if !ok || !w.believable(h, w.pos > start) {
			if next := bytes.IndexByte(w.file[w.pos+1:w.end], 0xff); next > 0 {
				w.pos += next
			} else if next < 0 {
				w.pos = w.end
			}
			continue
		}
		if h.size > w.end-w.pos {
			w.damages.note(w.pos, "a last frame that is cut short")
			w.pos = w.end
			return f, false
		}
		f = frame{header: h, bytes: w.file[w.pos : w.pos+h.size], offset: w.pos, gap: w.pos > start}
		if f.gap {
			w.damages.note(start, "bytes that are no frame")
		}
		if w.frames == 0 {
			w.first = h
		}
		w.frames++
		w.pos += h.size
		return f, true
	}
	if w.end > start && w.frames > 0 {
		w.damages.note(start, "bytes behind the last frame")
	}
	w.pos = w.end
	return f, false
}

func (w *walker) believable(h header, lost bool) bool {
	if w.frames == 0 && (h.layer != 3 || h.free) {
		w.noteOther(h)
		return false
	}
	first := w.first
	if w.frames == 0 {
		first = h
	}
	if !h.follows(first) || h.size < h.sideAt()+h.sideBytes() {
		return false
	}
	if w.frames > 0 && !lost {
		return true
	}
	next := w.pos + h.size
	if next+4 > w.end {
		return next <= w.end
	}
	g, ok := parseHeader(w.file[next:w.end])
	return ok && g.follows(first)
}

// noteOther remembers the first header of a kind that is not decoded, in case nothing better is found.
func (w *walker) noteOther(h header) {
	if w.other != nil {
		return
	}
	what := "free format: MP3 without a stated bit rate"
	if h.layer != 3 {
		what = h.version.String() + " audio layer " + "III"[:h.layer]
	}
	w.other = problem(Unsupported, w.pos, "no MP3 frame; this looks like %s, which is not decoded", what)
}
