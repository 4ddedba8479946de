package image

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// orientation is the EXIF orientation that a file states, 1 where it states none or nonsense. Tag 0x0112 of CIPA DC-008 (Exif 2.32),
// section 4.6.4; where each format keeps it: JPEG in APP1 (4.7.2), PNG in eXIf, WebP in EXIF.
func orientation(format string, file []byte) int {
	var tiff []byte
	switch format {
	case "jpeg":
		tiff = segment(file, 0xe1, exifMark) // APP1
	case "png":
		tiff = chunk(file[min(8, len(file)):], "eXIf", binary.BigEndian, 0, 4, 4)
	case "webp":
		tiff = chunk(file[min(12, len(file)):], "EXIF", binary.LittleEndian, 4, 0, 0)
		tiff = bytes.TrimPrefix(tiff, exifMark)
	}
	return orientationOf(tiff)
}

var exifMark = []byte("Exif\x00\x00")

// segment is what follows a mark in the first of a JPEG's segments before its picture that has it; nil where none has.
func segment(file []byte, wanted byte, mark []byte) []byte {
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		marker, size := file[at+1], int(binary.BigEndian.Uint16(file[at+2:]))
		switch {
		case marker == 0xff: // padding
			at++
			continue
		case marker == 0xda || size < 2 || at+2+size > len(file): // the picture begins
			return nil
		}
		if body, ok := bytes.CutPrefix(file[at+4:at+2+size], mark); ok && marker == wanted {
			return body
		}
		at += 2 + size
	}
	return nil
}

// chunk finds a chunk of a PNG or RIFF file by its name: eight bytes that hold size and name at the given offsets, a body, and a
// trailer; without one, bodies are padded to an even size.
func chunk(file []byte, want string, order binary.ByteOrder, sizeAt, nameAt, trailer int) []byte {
	const head = 8
	for len(file) >= head {
		size := int64(order.Uint32(file[sizeAt:]))
		if size > int64(len(file)-head) {
			return nil
		}
		body := file[head : head+size]
		if string(file[nameAt:nameAt+4]) == want {
			return body
		}
		skip := size + int64(trailer)
		if trailer == 0 {
			skip += size & 1
		}
		file = file[min(head+skip, int64(len(file))):]
	}
	return nil
}

// checkWebP refuses what the header is silent about: an animation, and a picture of another size than the canvas that it lies on, for
// which a decoder would make room unasked. Sizes are those of RFC 6386, section 9.1, and of RFC 9649, section 3.4.
func checkWebP(h Header, file []byte) error {
	chunks := file[min(12, len(file)):]
	width, height := 0, 0
	if frame := chunk(chunks, "VP8 ", binary.LittleEndian, 4, 0, 0); len(frame) >= 10 {
		width, height = int(binary.LittleEndian.Uint16(frame[6:])&0x3fff), int(binary.LittleEndian.Uint16(frame[8:])&0x3fff)
	} else if frame := chunk(chunks, "VP8L", binary.LittleEndian, 4, 0, 0); len(frame) >= 5 {
		bits := binary.LittleEndian.Uint32(frame[1:])
		width, height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
	} else if chunk(chunks, "ANIM", binary.LittleEndian, 4, 0, 0) != nil {
		return errors.New("an animated WebP: save one of its pictures")
	}
	if width != h.Width || height != h.Height {
		return errors.New("damaged: its picture is not as its header says")
	}
	return nil
}

// orientationOf reads a TIFF structure's first directory.
func orientationOf(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:2]) {
	case "II":
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	directory := tiff[at+2:]
	const entry, tag, short = 12, 0x0112, 3
	for range order.Uint16(tiff[at:]) {
		if len(directory) < entry {
			return 1
		}
		if order.Uint16(directory) == tag && order.Uint16(directory[2:]) == short {
			if v := int(order.Uint16(directory[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		directory = directory[entry:]
	}
	return 1
}
