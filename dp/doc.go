// Package dp runs differentially private training steps. A mechanism is a [Plan] and a [Policy]: the plan (sampler,
// noise multiplier of every step, count queries, noise correlation) is plain data, calibrated by the accountant and
// frozen before step 1; the policy adapts only what needs no accounting (clip bounds, evaluation points, filters) and
// sees released values alone. The [Engine] is the one place that touches private sums: it draws the sample, checks
// what comes back, records the spend in the [Ledger], adds the noise that plan and bounds require, and releases.
//
// Neighbouring relation everywhere: add or remove one record (zero-out where N is stated as public), or one person with all of
// theirs, see [Persons]. Records are
// sampled independently at a rate q, and the gradient sum is divided by the constant q N, never by the realised batch.
package dp
