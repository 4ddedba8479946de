package certificate

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"cloister/accountant"
)

// Fault is what is wrong with a certificate, and where.
type Fault struct {
	Field string // as in the file: "privacy_loss.epsilon_lower"
	Why   string
}

// Error implements error.
func (f *Fault) Error() string { return f.Field + ": " + f.Why }

func fault(field, why string, values ...any) *Fault {
	return &Fault{field, fmt.Sprintf(why, values...)}
}

// Verdict is what verifying came to.
type Verdict struct {
	Valid       bool
	Field       string       // at fault; "" where the file cannot be read at all
	Why         string       // not valid, or what to know of one that is
	Certificate *Certificate // as read; nil where it cannot be
	Bounds      *Bounds      // worked out anew; nil where it did not come to that
}

// Bounds are what the accountant finds of the events.
type Bounds struct {
	Upper    float64
	Lower    *float64 // nil: none is known
	Together *float64 // of all runs; nil: there is none
}

// slack is by how much a bound may differ between processors, relative to it.
const slack = 1e-9

// Verify reads a certificate, works its bounds out anew from its events, and says whether all that it states fits together.
func Verify(file []byte) Verdict {
	c, err := Decode(file)
	if err != nil {
		return Verdict{Why: strings.TrimPrefix(err.Error(), "certificate: ")}
	}
	v := Verdict{Certificate: c}
	refuse := func(f *Fault) Verdict {
		v.Field, v.Why = f.Field, f.Why
		return v
	}
	if f := c.check(); f != nil {
		return refuse(f)
	}
	if !c.private() {
		return refuse(fault("not_private", "it promises nothing: %s", c.NotPrivate))
	}
	b, err := c.bounds()
	if err != nil {
		return refuse(fault("accounting.events", "%v", err))
	}
	v.Bounds = &b
	if f := c.compare(b); f != nil {
		return refuse(f)
	}
	v.Valid, v.Why = true, caveat
	return v
}

// bounds works out what the events cost.
func (c *Certificate) bounds() (Bounds, error) {
	delta, t := c.PrivacyLoss.PrivacyParameters.Delta, &c.Accounting.Together
	own, err := accountant.EpsilonOf(together(c.Accounting.Events), delta)
	if err != nil {
		return Bounds{}, err
	}
	b := Bounds{Upper: own.Upper}
	if lower, known := own.Lower(); known {
		b.Lower = &lower
	}
	if t.NotPrivateRuns > 0 || t.LedgerForgets {
		return b, nil
	}
	all := [][]Event{c.Accounting.Events}
	for _, r := range t.OtherRuns {
		if r.PrivacyUnit != c.PrivacyLoss.PrivacyUnit {
			return b, nil // no epsilon covers both
		}
		all = append(all, r.Events)
	}
	sum, err := accountant.EpsilonOf(together(all...), delta)
	b.Together = &sum.Upper
	return b, err
}

// compare holds what is claimed against what was found. A claim may promise less than is true, never more.
func (c *Certificate) compare(b Bounds) *Fault {
	p, t := &c.PrivacyLoss, &c.Accounting.Together
	if !(*p.PrivacyParameters.Epsilon >= b.Upper*(1-slack)) {
		return fault("privacy_loss.privacy_parameters.epsilon", "%v is claimed, the events cost up to %s", *p.PrivacyParameters.Epsilon, accountant.FigureEpsilonUpper.Text(b.Upper))
	}
	switch {
	case p.EpsilonLower == nil:
	case b.Lower == nil:
		return fault("privacy_loss.epsilon_lower", "%v is claimed, and no lower bound of these events is known", *p.EpsilonLower)
	case !(*p.EpsilonLower <= *b.Lower*(1+slack)):
		return fault("privacy_loss.epsilon_lower", "%v is claimed, the events cost at least %s", *p.EpsilonLower, accountant.FigureEpsilonLower.Text(*b.Lower))
	}
	switch {
	case t.Epsilon == nil:
	case b.Together == nil:
		return fault("accounting.together.epsilon", "%v is claimed of runs that no epsilon covers together", *t.Epsilon)
	case !(*t.Epsilon >= *b.Together*(1-slack)):
		return fault("accounting.together.epsilon", "%v is claimed, all runs together cost up to %s", *t.Epsilon, accountant.FigureEpsilonUpper.Text(*b.Together))
	}
	return nil
}

// check finds what contradicts itself, without the accountant.
func (c *Certificate) check() *Fault {
	for _, check := range []func() *Fault{c.checkTexts, c.checkLoss, c.checkUnprotected, c.checkAccounting, c.checkTogether, c.checkModel, c.checkAudit, c.checkWords} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (c *Certificate) checkTexts() *Fault {
	switch {
	case c.Format != Format:
		return fault("format", "%.40q, want %q", c.Format, Format)
	case c.Version != Version:
		return fault("version", "%d, this program reads %d", c.Version, Version)
	}
	if day, err := time.Parse(time.DateOnly, c.Basic.PublicationDate); err != nil || day.Format(time.DateOnly) != c.Basic.PublicationDate {
		return fault("basic.publication_date", "%.40q is no day, such as 2026-11-26", c.Basic.PublicationDate)
	}
	for field, text := range map[string]string{
		"basic.name": c.Basic.Name, "dp_variant.data_domain": c.DPVariant.DataDomain, "model.architecture": c.Model.Architecture,
		"implementation.mechanism": c.Implementation.Mechanism, "implementation.software": c.Implementation.Software,
	} {
		if text == "" || len(text) > maxText {
			return fault(field, "a text of %d bytes, want 1 to %d", len(text), maxText)
		}
	}
	if len(c.NotPrivate) > maxText || len(c.Implementation.Settings) > maxText {
		return fault("implementation.settings", "a text of more than %d bytes", maxText)
	}
	return nil
}

func (c *Certificate) checkLoss() *Fault {
	p := &c.PrivacyLoss
	epsilon, delta := p.PrivacyParameters.Epsilon, p.PrivacyParameters.Delta
	switch {
	case unitDescriptions[p.PrivacyUnit] == "":
		return fault("privacy_loss.privacy_unit", "%.40q, want record or person", p.PrivacyUnit)
	case !(delta > 0 && delta < 1):
		return fault("privacy_loss.privacy_parameters.delta", "%v, want a number between 0 and 1", delta)
	case !c.private() && epsilon != nil:
		return fault("privacy_loss.privacy_parameters.epsilon", "%v is promised of a run that is not private", *epsilon)
	case !c.private() && p.EpsilonLower != nil:
		return fault("privacy_loss.epsilon_lower", "%v of a run that is not private", *p.EpsilonLower)
	case !c.private() && c.Accounting.Together.Epsilon != nil:
		return fault("accounting.together.epsilon", "%v with a run that is not private", *c.Accounting.Together.Epsilon)
	case !c.private():
		return nil
	case epsilon == nil || !(*epsilon > 0):
		return fault("privacy_loss.privacy_parameters.epsilon", "there is none above 0")
	case p.EpsilonLower != nil && !(*p.EpsilonLower >= 0 && *p.EpsilonLower <= *epsilon):
		return fault("privacy_loss.epsilon_lower", "%v beside an upper bound of %v", *p.EpsilonLower, *epsilon)
	case !(p.TargetEpsilon >= *epsilon*(1-slack)):
		return fault("privacy_loss.target_epsilon", "%v, below the epsilon of %v", p.TargetEpsilon, *epsilon)
	}
	return nil
}

func (c *Certificate) checkUnprotected() *Fault {
	u := &c.DPVariant.Unprotected
	size := 1
	for _, side := range u.RecordShape {
		if side < 1 || side > 1<<20 {
			return fault("dp_variant.unprotected.record_shape", "%v", u.RecordShape)
		}
		size = min(size*side, 1<<30)
	}
	switch {
	case u.Units < 1 || u.Units > 1<<40:
		return fault("dp_variant.unprotected.units", "%d, want 1 or more", u.Units)
	case u.HeldOutUnits < 0 || u.HeldOutUnits > 1<<40:
		return fault("dp_variant.unprotected.held_out_units", "%d", u.HeldOutUnits)
	case len(u.Classes) < 2 || len(u.Classes) > maxList:
		return fault("dp_variant.unprotected.classes", "%d classes, want 2 or more", len(u.Classes))
	case u.RecordKind != "image" && u.RecordKind != "table" && u.RecordKind != "audio" && u.RecordKind != "vector":
		return fault("dp_variant.unprotected.record_kind", "%.40q, want image, table, audio or vector", u.RecordKind)
	case len(u.Columns) > size || len(u.Columns) > 0 && u.RecordKind != "table":
		return fault("dp_variant.unprotected.columns", "%d columns of records of %d values, of kind %s", len(u.Columns), size, u.RecordKind)
	}
	for i, col := range u.Columns {
		if !(col.Low <= col.High) {
			return fault(fmt.Sprintf("dp_variant.unprotected.columns[%d]", i), "from %v to %v", col.Low, col.High)
		}
	}
	return nil
}

func (c *Certificate) checkAccounting() *Fault {
	a, u := &c.Accounting, &c.DPVariant.Unprotected
	if !c.private() && len(a.Events) == 0 {
		return nil
	}
	if f := checkEvents("accounting.events", a.Events); f != nil {
		return f
	}
	if !(a.BatchSize > 0 && a.BatchSize <= float64(u.Units)) {
		return fault("accounting.batch_size", "%v of %d", a.BatchSize, u.Units)
	}
	steps := 0
	for i, e := range a.Events {
		if e.Releases == HeldOutAccuracy {
			if u.HeldOutUnits == 0 || e.Mechanism != Gaussian {
				return fault(fmt.Sprintf("accounting.events[%d].releases", i), "%q by a mechanism %q, of %d held out", e.Releases, e.Mechanism, u.HeldOutUnits)
			}
			continue
		}
		if e.Releases != Gradients {
			return fault(fmt.Sprintf("accounting.events[%d].releases", i), "%q, want %q or %q", e.Releases, Gradients, HeldOutAccuracy)
		}
		if e.Bands != a.Events[0].Bands {
			return fault(fmt.Sprintf("accounting.events[%d].bands", i), "%d, and %d before", e.Bands, a.Events[0].Bands)
		}
		steps += min(e.Times, 1<<50-steps)
		rate := min(1, float64(e.Bands)*a.BatchSize/float64(u.Units))
		if math.Abs(e.SamplingRate-rate) > slack*rate {
			return fault(fmt.Sprintf("accounting.events[%d].sampling_rate", i), "%v, where batches of %v of %d are drawn at %v", e.SamplingRate, a.BatchSize, u.Units, rate)
		}
	}
	switch {
	case steps != a.Steps:
		return fault("accounting.steps", "%d, the events have %d", a.Steps, steps)
	case a.StepsDone < 0 || a.StepsDone > a.Steps:
		return fault("accounting.steps_done", "%d of %d", a.StepsDone, a.Steps)
	}
	return nil
}

func (c *Certificate) checkTogether() *Fault {
	t := &c.Accounting.Together
	switch {
	case len(t.OtherRuns) > maxList:
		return fault("accounting.together.other_runs", "%d runs", len(t.OtherRuns))
	case t.NotPrivateRuns < 0:
		return fault("accounting.together.not_private_runs", "%d", t.NotPrivateRuns)
	}
	for i, r := range t.OtherRuns {
		field := fmt.Sprintf("accounting.together.other_runs[%d]", i)
		if unitDescriptions[r.PrivacyUnit] == "" {
			return fault(field+".privacy_unit", "%.40q, want record or person", r.PrivacyUnit)
		}
		if f := checkEvents(field+".events", r.Events); f != nil {
			return f
		}
	}
	if t.Epsilon != nil && !(*t.Epsilon >= *c.PrivacyLoss.PrivacyParameters.Epsilon*(1-1e-3)) {
		return fault("accounting.together.epsilon", "%v, less than this run's own %v", *t.Epsilon, *c.PrivacyLoss.PrivacyParameters.Epsilon)
	}
	return nil
}

func (c *Certificate) checkModel() *Fault {
	m := &c.Model
	if m.Parameters < 1 || m.Parameters > 1<<40 {
		return fault("model.parameters", "%d, want 1 or more", m.Parameters)
	}
	if len(m.Files) < 1 || len(m.Files) > 16 {
		return fault("model.files", "%d files, want 1 to 16", len(m.Files))
	}
	seen := map[string]bool{}
	for i, f := range m.Files {
		field := fmt.Sprintf("model.files[%d]", i)
		if f.Format == "" || len(f.Format) > 40 || seen[f.Format] {
			return fault(field+".format", "%.40q: empty, or a second time", f.Format)
		}
		seen[f.Format] = true
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
			return fault(field+".sha256", "%.80q is no SHA-256 in hexadecimal", f.SHA256)
		}
	}
	return nil
}

func (c *Certificate) checkAudit() *Fault {
	a := c.Audit
	switch {
	case a == nil:
		return nil
	case a.StepsSeen < 0 || a.StepsSeen > c.Accounting.Steps:
		return fault("audit.steps_seen", "%d of %d", a.StepsSeen, c.Accounting.Steps)
	case a.Guesses < 0 || a.Guesses > 1<<20:
		return fault("audit.guesses", "%d", a.Guesses)
	case a.Correct < 0 || a.Correct > a.Guesses:
		return fault("audit.correct", "%d of %d guesses", a.Correct, a.Guesses)
	case !(a.Confidence > 0 && a.Confidence < 1):
		return fault("audit.confidence", "%v, want a number between 0 and 1", a.Confidence)
	case !(a.EpsilonLower >= 0):
		return fault("audit.epsilon_lower", "%v, want 0 or more", a.EpsilonLower)
	case !(a.Most >= a.EpsilonLower):
		return fault("audit.most", "%v, less than the %v that was found", a.Most, a.EpsilonLower)
	}
	if a.Guesses > 0 {
		// As if there had been no canaries but those guessed about: more of them refute less (Steinke et al. 2023, Theorem 5.2).
		most, err := accountant.AuditLowerBound(a.Guesses, a.Guesses, a.Correct, c.PrivacyLoss.PrivacyParameters.Delta, a.Confidence)
		if err != nil || !(a.EpsilonLower <= most+1e-6) {
			return fault("audit.epsilon_lower", "%v, where %d of %d right guesses refute at most %v", a.EpsilonLower, a.Correct, a.Guesses, most)
		}
	}
	if e := c.PrivacyLoss.PrivacyParameters.Epsilon; e != nil && a.EpsilonLower > *e {
		return fault("audit.epsilon_lower", "the attacker found %v, more than the %v that is promised: the promise is refuted", a.EpsilonLower, *e)
	}
	return nil
}

// checkWords insists on the sentences that follow from the figures, so that none can say something else.
func (c *Certificate) checkWords() *Fault {
	for _, w := range []struct{ field, have, want string }{
		{"statement", c.Statement, c.statement()},
		{"caveat", c.Caveat, caveat},
		{"basic.data_product_type", c.Basic.DataProductType, productType},
		{"dp_variant.name", c.DPVariant.Name, variant},
		{"dp_variant.unprotected_quantities", c.DPVariant.UnprotectedQuantities, c.unprotected()},
		{"privacy_loss.privacy_unit_description", c.PrivacyLoss.PrivacyUnitDescription, unitDescriptions[c.PrivacyLoss.PrivacyUnit]},
		{"deployment_model", fmt.Sprint(c.DeploymentModel), fmt.Sprint(deployment)},
		{"accounting.post_processing", c.Accounting.PostProcessing, postProcessing},
		{"accounting.composition", c.Accounting.Composition, composition},
		{"accounting.sampler", c.Accounting.Sampler, c.sampler()},
		{"accounting.together.condition", c.Accounting.Together.Condition, condition},
		{"implementation.pre_processing_eda_hyperparameter_tuning", c.Implementation.Tuning, tuning},
		{"implementation.mechanisms", c.Implementation.Mechanisms, mechanisms},
	} {
		if w.have != w.want {
			return fault(w.field, "%.200q, want %q", w.have, w.want)
		}
	}
	return nil
}
