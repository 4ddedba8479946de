package compile

import (
	"math"

	"cloister/nn"
)

// How wrong float32 can make a clipped sum, and how privacy survives it.
//
// Let u = 2^-24. A record's contribution is what the module really adds for it: for a materialised gradient G the
// exact vector s G, or its rounded coordinates; for a linear layer the exact outer product of x and the rounded s d.
// How far G itself is from the mathematical gradient does not matter: its own norm is bounded.
//
// With whitening, G is what the last transformation writes, and x and d are the transformed ones: each is computed before its
// squares are taken, in float32 as wrong as may be, and it is these very numbers that are scaled and summed. The bias of a linear layer
// then has a gradient of its own, which is squared and added as it is. So all that follows holds for them as for others.
//
// Norms. Squares of materialised weights are summed in float32 within a kernel call and in float64 after it; a square
// meets at most `depth` roundings on its way, so the computed sum is at least (1-u)^depth of the true one, its root at
// least 1 - 1.01 depth u/2 for a depth of at most maxDepth. None of the squares underflows: what is
// squared is 0 or at least 2^-59 (kernel.Coarse). Sums that overflowed are computed again in float64.
// Every other square is exact in float64, where fewer than 2^27 additions cost less than 2^-26. Rounding of the factor, of s d
// and of s G raises a contribution by less than 4u more. Factors are computed from C (1 - NormMargin), so a
// contribution's true norm is at most C. (A factor of 1 needs C (1 - NormMargin) >= norm.)
//
// Sums. Records have fixed positions; a missing record leaves its position empty. Positions are cut into stretches of fixed
// length. The module adds a stretch's sampled records in float32 and moves the sum to float64 at the stretch's end, or, once
// the stretch has held `block` records, after every record. Take neighbouring datasets, one with a record more, sampled
// alike: all stretches but one add the same records in the same order, hence the same float32 values. In that one:
//
//   - The first k <= block records are added one after another. Each partial sum of j contributions has a norm of at most
//     j C, so roundings add up to at most u C k(k+1)/2. Sums of products (linear layers) associate differently but no
//     deeper, and round each product: at most u C k more without, and none with a fused multiply-add; one more addition
//     joins them. Together: u C k(k+5)/2.
//   - A later record is added alone: the sum is its contribution, rounded the same way in both datasets. Only the
//     record that the added one pushes over the edge changes side: 2 u C.
//
// Both datasets deviate from the exact sum of contributions by that much at most, so the difference grows by
// no more than block (block+5) u C + 4 u C, whatever the batch. Float64 sums are another matter: their error grows with the square of
// how many contributions they may hold, [nn.SumRounding] of the dataset's records, in whatever order they are added. So it does
// not matter which of several workers, or modules, adds a stretch, as long as one adds all of it. [Rounding] is for at most MaxRecords
// records in all, beyond which a module traps and [Layout.Place] refuses.
// C is the joint sensitivity, as contributions are bounded group by group.
//
// Persons. Where persons are protected, the neighbour lacks all records of one, whose positions it leaves empty; everybody sampled brings one
// record, drawn independently of the others. Take the same draws in both: the steps then add the same records at the same positions but for
// the one that the person brought, in one stretch. So the argument above holds word for word, for every draw, and hence for the mixture over
// them. That two draws of one person lie in different stretches does not
// matter: they are never compared with each other, but both with the person's absence.
//
// No rounding is to a denormal number, where it would be absolute: factors are at least clip.Least, materialised gradients 0 or
// at least 2^-59, the d of a linear layer 0 or at least 2^-40, and an s d below 2^-60 is dropped, which shortens a contribution.
// Only what several points combine, what overflows nearly, and products of an adversary's factors may get there: by at most 2^-150 a coordinate
// of s G, and |x| 2^-150 for s d, where maxInput bounds |x|. Both vanish beside 2^-26 C, since C is at least 1e-12 ([clip.CheckBounds]).
//
// Independence. All this takes a contribution to be a function of its record alone. relaxed_madd may round once or twice,
// but an engine chooses once and for all. And whatever a record writes must
// be written, or zeroed, by the next one before it is read: a NaN in a buffer's padding would otherwise poison every later record.
const (
	unit     = 0x1p-24
	block    = 32 // records of a stretch that are added in float32: slots of a linear layer
	maxDepth = 1 << 12
)

// A kernel call squares at most maxTiles tiles of a few taps.
const _ = uint(maxDepth - maxTiles - 16)

// The squares that a norm adds in float64 are fewer than 2^27: the gradients and sums of as many would not fit into memory.
const _ = uint(1<<27 - maxMemory/12)

// MaxRecords is the most records that a dataset may have, so that [Rounding] holds.
const MaxRecords = 1 << 22

func (p *plan) normMargin() float64 {
	return 1.01*float64(p.depth)*unit/2 + 4*unit + 0x1p-26
}

// Rounding bounds what summation adds to one record's influence: under add/remove of one record the sum that modules compute
// of a dataset with at most the given number of records changes by at most (1 + Rounding) times the rule's joint
// sensitivity. For more than MaxRecords it is +Inf.
func Rounding(records int) float64 {
	if records > MaxRecords {
		return math.Inf(1)
	}
	return (block*(block+5)+4)*unit + nn.SumRounding(records)
}
