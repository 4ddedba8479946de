package backend

import (
	"math"
	"slices"
)

// shard is one worker's part: its slices, and room for what a step sends and returns.
type shard struct {
	first, end  int // of the training records that it holds; neighbours overlap
	indices     []int32
	sum, counts []float64
	loss        [1]float64
}

// divide gives every worker a slice of the records. A Poisson sample does not fall evenly into fixed slices, and a step
// lasts as long as its slowest worker; so slices overlap, and [cut] gives each worker about as many records of a step as the others.
// An overlap reaches two standard deviations of where a part of the sample ends, but no slice grows by more than half.
func divide(records, workers, width int, rate float64) []shard {
	all := make([]shard, workers)
	margin := min(int(float64(records)/math.Sqrt(max(1, rate*float64(records)))), records/max(1, workers)/4)
	for i := range all {
		first, end := part(records, i, workers)
		if i > 0 {
			first -= margin
		}
		if i < workers-1 {
			end += margin
		}
		all[i].first = max(0, first) / width * width
		all[i].end = min((end+width-1)/width*width, records)
	}
	return all
}

// part is what worker i of several gets of n records that are divided evenly.
func part(n, i, workers int) (first, end int) { return i * n / workers, (i + 1) * n / workers }

// cut divides a sample, ascending, into the workers' shares: share i is sample[ends[i-1]:ends[i]]. A stretch of width records is
// summed by one worker (nn/compile/rounding.go), so shares end where stretches do, as close to even as that allows.
func cut(shards []shard, sample []int32, width int, ends []int) []int {
	ends = ends[:0]
	for i := range shards {
		if i == len(shards)-1 {
			return append(ends, len(sample))
		}
		even := (i + 1) * len(sample) / len(shards)
		to := shards[i].end / width * width
		if even < len(sample) {
			to = (int(sample[even]) + width/2) / width * width
		}
		to = min(max(to, shards[i+1].first), shards[i].end)
		end, _ := slices.BinarySearch(sample, int32(to))
		ends = append(ends, end)
	}
	return ends
}
