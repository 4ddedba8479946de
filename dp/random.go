package dp

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// Stream is a cryptographically strong source of random bits: ChaCha8 with fast key erasure, so that a state found
// later does not tell what was drawn before.
type Stream = rand.ChaCha8

// newStream is keyed by the operating system (crypto.getRandomValues in a browser) or, in a run that is not private,
// by a seed; purposes get streams of their own, so that learning a sample tells nothing of the noise.
func newStream(seed *uint64, purpose string) *Stream {
	var key [32]byte
	if seed == nil {
		cryptorand.Read(key[:]) // never fails: the runtime aborts instead
		return rand.NewChaCha8(key)
	}
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], *seed)
	return rand.NewChaCha8(sha256.Sum256(append(s[:], "cloister/"+purpose...)))
}

// uniform is in (0, 1], with 53 random bits.
func uniform(r *Stream) float64 {
	return float64(r.Uint64()>>11+1) * (1.0 / (1 << 53))
}
