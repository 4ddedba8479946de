package demo

import (
	"math/rand/v2"
	"slices"

	"cloister/dp/audit"
)

// batches are the benchmark's: every epoch the records are shuffled and cut, and what is left over is dropped.
type batches struct {
	order []int32
	size  int
	rng   *rand.Rand
}

func newBatches(records, size int, seed *uint64) *batches {
	b := &batches{order: make([]int32, records), size: size, rng: rand.New(audit.Source(seed, "shuffle"))}
	for i := range b.order {
		b.order[i] = int32(i)
	}
	return b
}

// at is the batch of a step, ascending as a backend wants it. Steps are asked for in order.
func (b *batches) at(step int) []int32 {
	i := step % (len(b.order) / b.size)
	if i == 0 {
		b.rng.Shuffle(len(b.order), func(i, j int) { b.order[i], b.order[j] = b.order[j], b.order[i] })
	}
	batch := b.order[i*b.size : (i+1)*b.size]
	slices.Sort(batch)
	return batch
}
