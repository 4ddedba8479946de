package train

import (
	"math"

	"cloister/dp"
	"cloister/dp/audit"
	"cloister/dp/mechanism"
	"cloister/train/protocol"
)

// mechanism makes the configured one, with an auditor beside it where the configuration asks for one. A restored run has
// as many canaries as it was planned with.
func (p *Proposal) mechanism(setting mechanism.Setting) (design *mechanism.Design, err error) {
	name, params := p.config.Mechanism.Name, p.config.Mechanism.Params
	if !p.config.Audit {
		return mechanism.New(name, params, setting)
	}
	o := audit.Options{Seed: p.config.Seed}
	if persons := p.dataset.persons; persons != nil {
		o.Records = persons.Records()
	}
	if p.saved != nil {
		o.Canaries = p.saved.Plan.N - setting.N
	}
	p.audit, design, err = audit.Design(name, params, setting, o)
	return design, err
}

// tensors are the sizes that the engine knows: the model's, and the canaries' where there are any.
func (p *Proposal) tensors() []int {
	if p.audit != nil {
		return p.audit.Tensors()
	}
	return tensorSizes(p.model)
}

// Audited is what the auditor found so far; nil where none watches, or where it has seen nothing yet. A checkpoint keeps
// neither coins nor scores: after one it is a new auditor's, with coins of its own (in a private run) and the steps since.
// Of correlated noise that a reproducible run goes on with it knows nothing, and guesses less well.
func (s *Session) Audited() (*protocol.AuditAnswer, error) {
	if s.audit == nil || s.audit.Steps() == 0 {
		return nil, nil
	}
	found, err := s.audit.Result(s.plan.Delta())
	if err != nil {
		return nil, err
	}
	a := &protocol.AuditAnswer{Step: s.audit.Steps(), Steps: s.plan.Steps(), Privacy: Calibrated(s.plan)}
	if why := s.planned.NotPrivate; why != "" {
		a.Privacy.Proven, a.Privacy.Why = math.Inf(1), "nothing, the run is not private: "+why
	}
	Found(a, &found)
	return a, nil
}

// Found fills in what an audit found.
func Found(a *protocol.AuditAnswer, r *audit.Result) {
	a.Guesses, a.Correct, a.Confidence, a.Lower, a.Most = r.Guesses, r.Correct, r.Confidence, r.Epsilon, r.Most
}

// Calibrated is what can be said of a frozen plan.
func Calibrated(p *dp.Plan) protocol.Privacy {
	why := "the plan was calibrated to it before the first step; accounted under the sampling by which batches are drawn: " + p.Sampler()
	return protocol.Privacy{Claimed: p.Spec().Epsilon, Proven: p.Epsilon().Upper, Why: why}
}
