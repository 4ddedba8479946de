package audio

// version of MPEG audio, as a frame header's two bits state it.
type version byte

const (
	mpeg25 version = 0
	mpeg2  version = 2
	mpeg1  version = 3
)

func (v version) String() string {
	return map[version]string{mpeg25: "MPEG-2.5", mpeg2: "MPEG-2", mpeg1: "MPEG-1"}[v]
}

// header is what the four bytes that begin a frame say (ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3; ISO/IEC 13818-3, 2.4.2.3).
type header struct {
	version   version
	layer     int
	crc       bool // two bytes of CRC-16 follow the header
	rateIndex byte
	rate      int  // samples per second
	free      bool // free format: the bit rate is not stated
	size      int  // of the whole frame in bytes; layer III only
	mode      byte // channel mode (2 bits) and its extension (2 bits)
}

// kbps is the bit rate of layer III by index: of MPEG-1, and of MPEG-2 and 2.5.
var kbps = [2][15]int{
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
}

// topBitrate is the index of the highest bit rate.
const topBitrate = 14

func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	bitrate, emphasis := b[2]>>4, b[3]&3
	h = header{
		version:   version(b[1] >> 3 & 3),
		layer:     4 - int(b[1]>>1&3),
		crc:       b[1]&1 == 0,
		rateIndex: b[2] >> 2 & 3,
		free:      bitrate == 0,
		mode:      b[3] >> 4,
	}
	if h.version == 1 || h.layer == 4 || bitrate == 15 || h.rateIndex == 3 || emphasis == 2 { // all reserved
		return h, false
	}
	h.rate = []int{44100, 48000, 32000}[h.rateIndex]
	switch h.version {
	case mpeg2:
		h.rate /= 2
	case mpeg25:
		h.rate /= 4
	}
	if padding := int(b[2] >> 1 & 1); h.layer == 3 {
		h.size = h.samples()/8*1000*kbps[h.low()][bitrate]/h.rate + padding
	}
	return h, true
}

// low is 1 for the low sampling frequencies of MPEG-2 and 2.5, which share one syntax, and 0 for MPEG-1.
func (h header) low() int {
	if h.version == mpeg1 {
		return 0
	}
	return 1
}

func (h header) channels() int {
	if h.mode>>2 == 3 {
		return 1
	}
	return 2
}

// granules is the number of blocks of 576 samples in a frame.
func (h header) granules() int { return 2 - h.low() }

// samples is the number of samples per channel in a frame.
func (h header) samples() int { return 576 * h.granules() }

// sideBytes is the size of the side information, which follows the header and its CRC.
func (h header) sideBytes() int {
	return [2][2]int{{17, 32}, {9, 17}}[h.low()][h.channels()-1]
}

// sideAt is where in a frame the side information begins.
func (h header) sideAt() int {
	if h.crc {
		return 6
	}
	return 4
}

// reach is how far back, in bytes, a frame's main data may begin before the frame's own.
func (h header) reach() int { return 511 >> h.low() }

func (h header) intensity() bool { return h.mode>>2 == 1 && h.mode&1 != 0 }
func (h header) midSide() bool   { return h.mode>>2 == 1 && h.mode&2 != 0 }

// follows reports whether two frames can belong to one stream: bit rate and channel mode may change, nothing else.
func (h header) follows(first header) bool {
	return h.layer == 3 && !h.free && h.version == first.version && h.rateIndex == first.rateIndex
}

// crc16 is the check of a frame (ISO/IEC 11172-3, 2.4.3.1): polynomial 0x8005, over the header's last two bytes and the
// side information.
func crc16(parts ...[]byte) uint16 {
	crc := uint16(0xffff)
	for _, part := range parts {
		for _, b := range part {
			crc ^= uint16(b) << 8
			for range 8 {
				carry := crc >> 15
				crc = crc<<1 ^ carry*0x8005
			}
		}
	}
	return crc
}
