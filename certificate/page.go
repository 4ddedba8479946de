package certificate

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"cloister/accountant"
)

// Line is a line of a certificate for people.
type Line struct{ Title, Text string }

// Lines are what a certificate says, in the order that an auditor asks.
func (c *Certificate) Lines() []Line {
	a, u, p := &c.Accounting, &c.DPVariant.Unprotected, &c.PrivacyLoss
	lines := []Line{{"Issued", c.Basic.PublicationDate}, {"Model", fmt.Sprintf("%s, %d parameters", c.Model.Architecture, c.Model.Parameters)}, {"Data", c.DPVariant.DataDomain}}
	if encoders := c.encoders(); encoders != "" {
		lines = append(lines, Line{"Encoder", encoders + ". Its training data are outside the guarantee"})
	}
	if c.private() {
		lines = append(lines,
			Line{"Epsilon, upper bound", accountant.FigureEpsilonUpper.Text(*p.PrivacyParameters.Epsilon)},
			Line{"Epsilon, lower bound", figure(accountant.FigureEpsilonLower, p.EpsilonLower, "none is known of this mechanism")})
	} else {
		lines = append(lines, Line{"Not private", c.NotPrivate})
	}
	lines = append(lines,
		Line{"Delta", accountant.FigureGiven.Text(p.PrivacyParameters.Delta)},
		Line{"Unit of privacy", p.PrivacyUnit + ": " + p.PrivacyUnitDescription},
		Line{"Sampler", fmt.Sprintf("%s, batches of %s of %d on average", a.Sampler, accountant.FigureGiven.Text(a.BatchSize), u.Units)},
		Line{"Steps", fmt.Sprintf("%d planned, all of which count; %d done", a.Steps, a.StepsDone)},
		Line{"Mechanism", c.Implementation.Mechanism},
	)
	for i, e := range a.Events {
		if i == 20 {
			lines = append(lines, Line{"", fmt.Sprintf("and %d more", len(a.Events)-i)})
			break
		}
		lines = append(lines, Line{fmt.Sprintf("Event %d", i+1), e.words()})
	}
	lines = append(lines, Line{"All runs on these records", c.togetherWords()}, Line{"Not protected", c.DPVariant.UnprotectedQuantities}, Line{"Classes", clipped(strings.Join(u.Classes, ", "))})
	for _, k := range u.Constants {
		lines = append(lines, Line{"Public: " + k.What, k.From})
	}
	for _, col := range u.Columns {
		text := fmt.Sprintf("%v to %v (%s)", col.Low, col.High, col.From)
		if len(col.Categories) > 0 {
			text = fmt.Sprintf("%s (%s)", clipped(strings.Join(col.Categories, ", ")), col.From)
		}
		lines = append(lines, Line{"Column " + col.Name, text})
	}
	lines = append(lines, Line{"Attacked", c.auditWords()})
	for _, f := range c.Model.Files {
		lines = append(lines, Line{"SHA-256 of the model as " + f.Format, f.SHA256})
	}
	return append(lines, Line{"Made by", c.Implementation.Software})
}

func (e Event) words() string {
	words := fmt.Sprintf("%s, %s: noise multiplier %s", e.Mechanism, e.Releases, accountant.FigureGiven.Text(e.NoiseMultiplier))
	if e.Mechanism != Gaussian {
		words += ", sampling rate " + accountant.FigureGiven.Text(e.SamplingRate)
	}
	if e.Bands > 1 {
		words += fmt.Sprintf(", %d bands", e.Bands)
	}
	return fmt.Sprintf("%s, %d times", words, e.Times)
}

func figure(kind accountant.Figure, v *float64, none string) string {
	if v == nil {
		return none
	}
	return kind.Text(*v)
}

func (c *Certificate) togetherWords() string {
	t := &c.Accounting.Together
	if t.LedgerForgets {
		return "unknown: spends were not kept"
	}
	words := fmt.Sprintf("%d others; epsilon of all together %s", len(t.OtherRuns)+t.NotPrivateRuns, figure(accountant.FigureEpsilonUpper, t.Epsilon, "has no bound"))
	if t.Epsilon != nil {
		words = strings.Replace(words, "together ", "together at most ", 1)
	}
	return words + ". " + t.Condition
}

func (c *Certificate) auditWords() string {
	a := c.Audit
	if a == nil {
		return "by nobody"
	}
	return fmt.Sprintf("%d of %d guesses about canaries were right in %d steps: no mechanism with an epsilon below %s guesses so well, at confidence %s",
		a.Correct, a.Guesses, a.StepsSeen, accountant.FigureEpsilonLower.Text(a.EpsilonLower), accountant.FigureGiven.Text(a.Confidence))
}

func clipped(text string) string {
	if len(text) > 2000 {
		return strings.ToValidUTF8(text[:2000], "") + " …"
	}
	return text
}

const style = `body{font:11pt/1.4 Georgia,serif;max-width:46em;margin:3em auto;padding:0 1em;color:#111;background:#fff}h1{font-size:1.6em}.statement{font-size:1.2em}
dl{display:grid;grid-template-columns:14em 1fr;gap:.3em 1em}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}.caveat{border-top:1px solid #999;padding-top:1em}@media print{body{margin:0}}`

// Page is the certificate as a page of HTML to read and to print: one file, without scripts, that loads nothing.
func (c *Certificate) Page() []byte {
	var b bytes.Buffer
	say := func(format string, texts ...string) {
		escaped := make([]any, len(texts))
		for i, text := range texts {
			escaped[i] = html.EscapeString(text)
		}
		fmt.Fprintf(&b, format, escaped...)
	}
	b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`)
	b.WriteString("<style>" + style + "</style>")
	say("<title>Privacy certificate: %s</title></head><body><h1>Privacy certificate</h1><p>%s</p><p class=\"statement\"><strong>%s</strong></p><dl>\n", c.Basic.Name, c.Basic.Name, c.Statement)
	for _, l := range c.Lines() {
		say("<dt>%s</dt><dd>%s</dd>\n", l.Title, l.Text)
	}
	say("</dl><p class=\"caveat\">%s</p><p>%s %s</p></body></html>\n", c.Caveat, c.Accounting.PostProcessing, c.Implementation.Mechanisms)
	return b.Bytes()
}
