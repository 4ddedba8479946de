package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Every file is a frame around a MessagePack payload:
//
//	 0  "CLDATA"
//	 6  kind: 'M' manifest, 'S' shard
//	 7  version: 2; 1 is still read
//	 8  length of the payload, little-endian uint32
//	12  CRC-32 (IEEE) of the payload, little-endian uint32
//	16  payload
//
// The CRC detects damage. That a shard is the very one that was packed is the business of the manifest's SHA-256.
const (
	magic         = "CLDATA"
	version       = 2
	frameBytes    = 16
	kindManifest  = 'M'
	kindShard     = 'S'
	lengthOffset  = 8
	checksumStart = 12
)

func seal(kind byte, payload []byte) []byte {
	file := make([]byte, frameBytes, frameBytes+len(payload))
	copy(file, magic)
	file[len(magic)] = kind
	file[len(magic)+1] = version
	binary.LittleEndian.PutUint32(file[lengthOffset:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(file[checksumStart:], crc32.ChecksumIEEE(payload))
	return append(file, payload...)
}

// unseal returns the payload, which aliases the file, and the version of the format that it is in.
func unseal(kind byte, file []byte) (payload []byte, written int, err error) {
	if len(file) < frameBytes {
		return nil, 0, fmt.Errorf("truncated: %d bytes, want at least %d", len(file), frameBytes)
	}
	if string(file[:len(magic)]) != magic {
		return nil, 0, fmt.Errorf("wrong magic %q: not a file of a packed dataset", file[:len(magic)])
	}
	if got := file[len(magic)]; got != kind {
		return nil, 0, fmt.Errorf("file is of kind %q, want %q", got, kind)
	}
	if written = int(file[len(magic)+1]); written < 1 || written > version {
		return nil, 0, fmt.Errorf("version %d of the format, this program reads versions 1 to %d: pack the dataset again, or use a newer program", written, version)
	}
	payload = file[frameBytes:]
	if want := binary.LittleEndian.Uint32(file[lengthOffset:]); uint64(want) != uint64(len(payload)) {
		return nil, 0, fmt.Errorf("truncated or oversized: %d bytes follow the header, which states %d", len(payload), want)
	}
	if crc32.ChecksumIEEE(payload) != binary.LittleEndian.Uint32(file[checksumStart:]) {
		return nil, 0, errors.New("checksum mismatch: the file is damaged")
	}
	return payload, written, nil
}
