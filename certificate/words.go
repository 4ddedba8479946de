package certificate

import (
	"fmt"
	"strings"

	"cloister/accountant"
)

// What is the same in every certificate, or follows from its figures.
const (
	Format  = "cloister-privacy-certificate"
	Version = 1

	caveat = "This certificate is not signed. Verifying it proves arithmetic, not honesty: that its bounds follow from the events it lists, not that these events are what happened."

	productType    = "Machine learning model"
	variant        = "Approximate differential privacy"
	postProcessing = "Everything that is made of the released, noised sums: the parameters, their average, evaluation on public records, predictions."
	composition    = "The privacy loss distributions of all events, composed; epsilon is bounded from above and, where a lower bound of the mechanism is known, from below."
	tuning         = "Each run on the same records that the ledger knows, tuning runs among them, stands under accounting.together and is counted there as a whole. What was chosen by looking at the records themselves, or elsewhere, is not."
	condition      = "The sum holds if no run's settings were chosen by looking at what an earlier one released. A ledger sees one browser's runs on this site alone."
	mechanisms     = "Per-record gradients are clipped in 32-bit arithmetic with a margin for its rounding, summed, and noised once with Gaussian noise from the operating system's randomness, before anything is shown. How long steps take is not released."
	nothing        = "Nothing is promised of this run's privacy."
)

var deployment = DeploymentModel{
	ModelName: "Central", ReleaseType: "One release", DataSourceType: "Static", AccessType: "Non-interactive",
	Actors: "The person who trained holds the records and is not an adversary. Whoever receives the model, its predictions or this certificate is.",
}

// pretrained is where a constant is from that a network is, trained before: what it was trained on is outside the promise.
const pretrained = "pretrained"

// encoders are these networks, in words.
func (c *Certificate) encoders() string {
	var names []string
	for _, k := range c.DPVariant.Unprotected.Constants {
		if k.From == pretrained {
			names = append(names, k.What)
		}
	}
	return strings.Join(names, "; ")
}

// unitDescriptions is the neighbouring relation of each unit of privacy.
var unitDescriptions = map[string]string{
	"record": "add/remove one record (zero-out: N is public)",
	"person": "add/remove one person with all of their records (zero-out: the number of persons is public)",
}

func (c *Certificate) private() bool { return c.NotPrivate == "" }

func (c *Certificate) statement() string {
	if !c.private() {
		return nothing
	}
	outside := ""
	if c.encoders() != "" {
		outside = " Nothing is promised of what the encoder that it stands on was trained on."
	}
	epsilon, delta := c.PrivacyLoss.PrivacyParameters.Epsilon, c.PrivacyLoss.PrivacyParameters.Delta
	return fmt.Sprintf("With any one %s or without it, training gives almost the same models: epsilon is at most %s at delta %s.%s",
		c.PrivacyLoss.PrivacyUnit, accountant.FigureEpsilon.Text(*epsilon), accountant.FigureGiven.Text(delta), outside)
}

func (c *Certificate) unprotected() string {
	u := &c.DPVariant.Unprotected
	words := fmt.Sprintf("The number of %ss (%d), the %d classes and their names, what a record is, and the constants that were stated of all of them", c.PrivacyLoss.PrivacyUnit, u.Units, len(u.Classes))
	if u.HeldOutUnits > 0 {
		words += fmt.Sprintf("; how many were held out (%d)", u.HeldOutUnits)
	}
	if encoders := c.encoders(); encoders != "" {
		words += "; and all that a network was trained on before, which made vectors of the records: " + encoders
	}
	return words + "."
}

// sampler says how records are drawn.
func (c *Certificate) sampler() string {
	unit := c.PrivacyLoss.PrivacyUnit
	bands, rate := 1, 0.0
	if e := c.Accounting.Events; len(e) > 0 {
		bands, rate = e[0].Bands, e[0].SamplingRate
	}
	words, one := "Poisson", " over persons, one record of each"
	switch {
	case bands > 1:
		words = fmt.Sprintf("cyclic Poisson over %d groups", bands)
	case rate == 1:
		words, one = fmt.Sprintf("every %s at every step", unit), ", one record of each"
	}
	if unit == "person" {
		words += one
	}
	return words
}

// Complete works out the bounds and writes everything that follows from what is stated, by [Verify]'s rules. Of a run that is not
// private it leaves the bounds out. Whether what is stated can be is for [Certificate.Encode] to say.
func (c *Certificate) Complete() error {
	c.Format, c.Version, c.Caveat = Format, Version, caveat
	c.Basic.DataProductType, c.DPVariant.Name, c.DeploymentModel = productType, variant, deployment
	c.PrivacyLoss.PrivacyUnitDescription = unitDescriptions[c.PrivacyLoss.PrivacyUnit]
	a := &c.Accounting
	a.PostProcessing, a.Composition, a.Sampler, a.Together.Condition = postProcessing, composition, c.sampler(), condition
	c.Implementation.Tuning, c.Implementation.Mechanisms = tuning, mechanisms
	c.DPVariant.UnprotectedQuantities = c.unprotected()
	if c.private() {
		b, err := c.bounds()
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		c.PrivacyLoss.PrivacyParameters.Epsilon, c.PrivacyLoss.EpsilonLower, a.Together.Epsilon = &b.Upper, b.Lower, b.Together
	}
	c.Statement = c.statement()
	return nil
}
