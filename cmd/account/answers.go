package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"cloister/accountant"
)

func (a arguments) schedule() ([]accountant.Segment, error) {
	if !a.given["segments"] {
		return nil, errors.New("-segments is missing, for example -segments \"1.1:0.004:5000\"")
	}
	return accountant.ParseSegments(a.segments)
}

func (a arguments) checkDelta() error {
	switch {
	case !a.given["delta"]:
		return errors.New("-delta is missing, for example -delta 1e-5")
	case !(a.delta > 0 && a.delta < 1):
		return fmt.Errorf("-delta must lie between 0 and 1, got %v", a.delta)
	}
	return nil
}

func (a arguments) checkEpsilon(least float64) error {
	switch {
	case !a.given["epsilon"]:
		return errors.New("-epsilon is missing, for example -epsilon 3")
	case !(a.epsilon >= least) || math.IsInf(a.epsilon, 1):
		return fmt.Errorf("-epsilon must be finite and at least %v, got %v", least, a.epsilon)
	}
	return nil
}

// bounds answers epsilon and delta.
type bounds struct {
	accountant.Bounds
	of, at string
	value  float64
	steps  int
}

func askEpsilon(a arguments) (answer, error) {
	if err := a.checkDelta(); err != nil {
		return nil, err
	}
	segments, err := a.schedule()
	if err != nil {
		return nil, err
	}
	b, err := accountant.Epsilon(segments, a.delta)
	return bounds{b, "epsilon", "delta", a.delta, accountant.TotalSteps(segments)}, err
}

func askDelta(a arguments) (answer, error) {
	if err := a.checkEpsilon(0); err != nil {
		return nil, err
	}
	segments, err := a.schedule()
	if err != nil {
		return nil, err
	}
	b, err := accountant.Delta(segments, a.epsilon)
	return bounds{b, "delta", "epsilon", a.epsilon, accountant.TotalSteps(segments)}, err
}

func (b bounds) table(w io.Writer) {
	upper, lower := accountant.FigureEpsilonUpper, accountant.FigureEpsilonLower
	if b.of == "delta" {
		upper, lower = accountant.FigureDelta, accountant.FigureDeltaLower
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s at %s = %s, %d steps\n", b.of, b.at, accountant.FigureGiven.Text(b.value), b.steps)
	fmt.Fprintf(t, "  upper bound\t%s\t%s\n", upper.Text(b.Upper), proven(b.Upper))
	fmt.Fprintf(t, "  lower bound\t%s\tno smaller %s holds\n", lower.Text(b.Lower), b.of)
	note := fmt.Sprintf("upper bound by Renyi order %.4g", b.Order)
	if b.OrderAtEnd {
		note += " (at the end of the range searched: looser than it could be)"
	}
	fmt.Fprintf(t, "  RDP\t%s\t%s\n", upper.Text(b.RDP), note)
	t.Flush()
	fmt.Fprintln(w, "one record more or less; Poisson sampling")
}

// proven is a word for an upper bound, if it is one.
func proven(upper float64) string {
	if upper >= 0 && !math.IsInf(upper, 1) {
		return "proven"
	}
	return "nothing is guaranteed"
}

func (b bounds) json() any {
	return map[string]any{"lower": number(b.Lower), "upper": number(b.Upper), "rdp": number(b.RDP)}
}

// calibration answers sigma.
type calibration struct {
	accountant.Calibration
	printed accountant.Calibration // at the digits of the table
	epsilon float64
	delta   float64
}

func askSigma(a arguments) (answer, error) {
	if err := a.checkEpsilon(0); err != nil {
		return nil, err
	}
	if err := a.checkDelta(); err != nil {
		return nil, err
	}
	if !a.given["segments"] {
		return nil, errors.New("-segments is missing, for example -segments \"?:0.004:5000\"")
	}
	shape, err := accountant.ParseShape(a.segments)
	if err != nil {
		return nil, err
	}
	c, err := accountant.CalibrateSigma(shape, a.epsilon, a.delta)
	if err != nil {
		return nil, err
	}
	printed, err := printedFactor(shape, c, a.delta)
	return calibration{c, printed, a.epsilon, a.delta}, err
}

// printedFactor is the factor as the table shows it, and what that proves.
func printedFactor(shape []accountant.Segment, c accountant.Calibration, delta float64) (accountant.Calibration, error) {
	factor, err := strconv.ParseFloat(accountant.FigureNoise.Text(c.Factor), 64)
	if err != nil {
		return accountant.Calibration{}, err
	}
	p := accountant.Calibration{Factor: factor}
	for _, s := range shape {
		s.Sigma *= p.Factor
		p.Segments = append(p.Segments, s)
	}
	b, err := accountant.Epsilon(p.Segments, delta)
	p.EpsilonUpper = b.Upper
	return p, err
}

func (c calibration) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "noise for epsilon = %s at delta = %s\n", accountant.FigureGiven.Text(c.epsilon), accountant.FigureGiven.Text(c.delta))
	fmt.Fprintf(t, "  sigma\t%s\tfactor of every ?, rounded up; %s suffices\n", accountant.FigureNoise.Text(c.Factor), accountant.FigureGiven.Text(c.Factor))
	fmt.Fprintf(t, "  epsilon\t%s\tproven for the rounded sigma\n", accountant.FigureEpsilonUpper.Text(c.printed.EpsilonUpper))
	t.Flush()
	fmt.Fprintln(w, "one record more or less; Poisson sampling")
}

func (c calibration) json() any {
	return map[string]any{"sigma": c.Factor, "epsilon_upper": number(c.EpsilonUpper)}
}

// attack answers curve.
type attack struct {
	accountant.Curve
	prior          float64
	delta, epsilon float64 // epsilon is NaN where no delta was given
}

func askCurve(a arguments) (answer, error) {
	segments, err := a.schedule()
	if err != nil {
		return nil, err
	}
	if !(a.prior > 0 && a.prior < 1) {
		return nil, fmt.Errorf("-prior must lie between 0 and 1, got %v", a.prior)
	}
	k := attack{prior: a.prior, epsilon: math.NaN()}
	if a.given["delta"] {
		if err := a.checkDelta(); err != nil {
			return nil, err
		}
		b, err := accountant.Epsilon(segments, a.delta)
		if err != nil {
			return nil, err
		}
		k.delta, k.epsilon = a.delta, b.Upper
	}
	k.Curve, err = accountant.TradeOff(segments)
	return k, err
}

func (k attack) table(w io.Writer) {
	probability, given := accountant.FigureProbability.Text, accountant.FigureGiven.Text
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "the best attacker who asks whether one record was used (prior %s)\n", given(k.prior))
	fmt.Fprintf(t, "false positives\ttrue positives at most\tbelief after a hit at most\t\n")
	for _, fpr := range []float64{0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5} {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", given(fpr), probability(k.TPR(fpr)), probability(k.Posterior(k.prior, fpr)))
	}
	t.Flush()
	fmt.Fprintf(w, "advantage (total variation) at most %s; right guesses at most %s\n", probability(k.Advantage()), probability(k.Success(k.prior)))
	if !math.IsNaN(k.epsilon) {
		fmt.Fprintf(w, "epsilon at most %s at delta = %s alone would only say: advantage at most %s, belief at most %s\n",
			accountant.FigureEpsilonUpper.Text(k.epsilon), given(k.delta),
			probability(accountant.GenericAdvantage(k.epsilon, k.delta)), probability(accountant.GenericPosterior(k.prior, k.epsilon)))
	}
}

func (k attack) json() any {
	fpr, tpr := []float64{}, []float64{}
	for _, p := range k.Points {
		fpr, tpr = append(fpr, p.FPR), append(tpr, p.TPR)
	}
	return map[string]any{"fpr": fpr, "tpr": tpr, "advantage": k.Advantage(), "success": k.Success(k.prior)}
}

// number is a JSON number, or null for infinity: there is no guarantee.
func number(v float64) any {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return v
}

func writeJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
