package backend

import (
	"math/rand/v2"
	"testing"
)

// Whatever is sampled, shares cover the sample, lie in their workers' slices and end where stretches do.
func TestSharesOfASample(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		records, workers := 1+rng.IntN(3000), 1+rng.IntN(9)
		width, rate := 1+rng.IntN(records), rng.Float64()
		workers = min(workers, records)
		shards := divide(records, workers, width, rate)
		var sample []int32
		crowded := rng.IntN(records) // samples need not be even
		for i := range records {
			if p := rate; rng.Float64() < p || i > crowded && rng.Float64() < p {
				sample = append(sample, int32(i))
			}
		}
		from := 0
		ends := cut(shards, sample, width, nil)
		if len(ends) != workers || ends[workers-1] != len(sample) {
			t.Fatalf("%d shares of %d workers end at %v of %d", len(ends), workers, ends, len(sample))
		}
		for i, end := range ends {
			for _, record := range sample[from:max(from, end)] {
				if int(record) < shards[i].first || int(record) >= shards[i].end {
					t.Fatalf("record %d is not among the %d to %d of worker %d", record, shards[i].first, shards[i].end, i)
				}
			}
			if shards[i].first%width != 0 || end < from {
				t.Fatalf("worker %d of %d: slice from %d, stretches of %d, share %d to %d", i, workers, shards[i].first, width, from, end)
			}
			if end > from && end < len(sample) && int(sample[end-1])/width == int(sample[end])/width {
				t.Fatalf("records %d and %d of one stretch of %d go to two workers", sample[end-1], sample[end], width)
			}
			from = end
		}
	}
}

// Cuts even out what chance makes uneven: of 1,000 samples of about 1,024 records, the larger half of two has on average
// 13 records too many in fixed halves.
func TestSharesAreEven(t *testing.T) {
	const records, rate, width = 60_000, 1024. / 60_000, 937
	rng := rand.New(rand.NewPCG(8, 8))
	shards, excess := divide(records, 2, width, rate), 0.0
	for range 1000 {
		var sample []int32
		for i := range records {
			if rng.Float64() < rate {
				sample = append(sample, int32(i))
			}
		}
		first := cut(shards, sample, width, nil)[0]
		excess += float64(max(first, len(sample)-first)) - float64(len(sample))/2
	}
	if excess /= 1000; excess > 5 {
		t.Errorf("the larger share has %.1f records too many", excess)
	}
}
