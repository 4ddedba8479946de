package dp

import (
	"crypto/hmac"
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

// SplitKey is the secret of a [KeyedSplit].
type SplitKey [32]byte

// NewSplitKey draws a key that nobody can guess. Keep it with the data, not with results.
func NewSplitKey() SplitKey {
	var k SplitKey
	cryptorand.Read(k[:])
	return k
}

// KeyedSplit says whether a record is held out: true for a share of all records, decided by a keyed hash of the
// record alone, so that adding or removing another record moves nobody (design: held-out records are private too).
// Equal records land on the same side.
func KeyedSplit(key SplitKey, record []byte, share float64) bool {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(record)
	h := binary.LittleEndian.Uint64(mac.Sum(nil))
	return float64(h>>11)*(1.0/(1<<53)) < share
}
