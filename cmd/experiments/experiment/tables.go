package experiment

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"cloister/cmd/markdown"
)

// Published is a score that others report, and what can be proven of it.
type Published struct {
	Mechanism string             `json:"mechanism"` // a label of ours, or a name of its own
	Title     string             `json:"title"`
	Accuracy  map[string]float64 `json:"accuracy"` // percent, by dataset
	Claimed   string             `json:"claimed"`  // epsilon, as claimed
	Segments  map[string]string  `json:"segments"` // what was executed, for the accountant, by dataset; none where nothing can be proven
	Unproven  string             `json:"unproven,omitempty"`
}

// testRecords is the size of every benchmark's public test set.
const testRecords = 10_000

// Tables writes what the rows say: a table for each plan, the published scores beside it, and what is missing.
func Tables(plans []Plan, rows []Row, published []Published) (*markdown.Document, error) {
	d := &markdown.Document{}
	d.Line("# Results")
	d.Line("Written by `go run ./cmd/experiments` from results.json. Accuracy on the public test set, percent; after ± half of a 95 %% interval: " +
		"Student's t over the seeds, or, after a single run (marked 1), the binomial interval of 10,000 test records alone, which leaves out what seeds change. " +
		"Epsilon is proven for the run as executed, an upper bound at delta = 1e-5. Seeds make rows repeatable; the data are public, so nobody's privacy hangs on them.")
	for i := range plans {
		if err := table(d, &plans[i], rows); err != nil {
			return nil, err
		}
	}
	if err := publishedTable(d, published); err != nil {
		return nil, err
	}
	missing, waiting, err := Missing(plans, rows)
	if err != nil {
		return nil, err
	}
	d.Line("## Missing")
	if len(missing) == 0 {
		d.Line("Nothing.")
		return d, nil
	}
	d.Line("%d runs%s. `go run ./cmd/experiments` resumes; `-only` with the beginning of a key picks some, as in `-only %s`:", len(missing), waits(waiting), missing[0].Key())
	d.Line("```\n%s\n```", strings.Join(keys(missing), "\n"))
	return d, nil
}

func waits(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d that wait for trials", n)
}

// keys names runs, the seeds of one mechanism on one line.
func keys(runs []Run) []string {
	var lines []string
	for i, r := range runs {
		if i > 0 && runs[i-1].Setting == r.Setting && runs[i-1].Dataset == r.Dataset && runs[i-1].Mechanism == r.Mechanism {
			lines[len(lines)-1] += fmt.Sprintf(" %d", r.Seed)
			continue
		}
		lines = append(lines, r.Key())
	}
	return lines
}

// table has a line for each mechanism and two columns for each dataset.
func table(d *markdown.Document, p *Plan, rows []Row) error {
	d.Line("## Setting %s: %s", p.Setting, p.Title)
	d.Line("%s", p.About)
	datasets, mechanisms := p.columns()
	head := []string{"mechanism"}
	for _, name := range datasets {
		head = append(head, name, "ε ≤", "s")
	}
	d.Row(head...)
	var notes []string
	for _, m := range mechanisms {
		cells := []string{m}
		for _, name := range datasets {
			of := p.rowsOf(rows, name, m)
			cells = append(cells, accuracy(of), epsilon(of), seconds(of))
			for _, r := range of {
				if r.Note != "" && !slices.Contains(notes, r.Dataset+": "+r.Note) {
					notes = append(notes, r.Dataset+": "+r.Note)
				}
			}
		}
		d.Row(cells...)
	}
	for _, note := range notes {
		d.Line("%s.", note)
	}
	return nil
}

// columns are the datasets and the mechanisms in the order in which the plan names them.
func (p *Plan) columns() (datasets, mechanisms []string) {
	for _, g := range p.Groups {
		if !slices.Contains(datasets, g.Dataset) {
			datasets = append(datasets, g.Dataset)
		}
	}
	for _, m := range p.Mechanisms {
		mechanisms = append(mechanisms, m.label())
	}
	return datasets, mechanisms
}

func accuracy(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	mean, half := meanAccuracy(rows)
	text := fmt.Sprintf("%.2f ± %.2f", 100*mean, 100*half)
	if len(rows) == 1 {
		text += " (1)"
	}
	return text
}

func meanAccuracy(rows []Row) (mean, half float64) {
	values := make([]float64, len(rows))
	for i, r := range rows {
		values[i] = r.Accuracy
	}
	return Interval(values)
}

// Interval is a mean and half the width of its 95 % interval: Student's t over the values, or of a single value the
// Wilson interval of a proportion of the test records (Wilson 1927).
func Interval(values []float64) (mean, half float64) {
	n := float64(len(values))
	if len(values) == 1 {
		const z = 1.959964
		p := values[0]
		return p, z / (1 + z*z/testRecords) * math.Sqrt(p*(1-p)/testRecords+z*z/(4*testRecords*testRecords))
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return mean, t * deviation / math.Sqrt(n)
}

func epsilon(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf("%.4f", mostEpsilon(rows))
}

func mostEpsilon(rows []Row) (most float64) {
	for _, r := range rows {
		most = max(most, r.EpsilonUpper)
	}
	return most
}

func seconds(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", meanSeconds(rows))
}

func meanSeconds(rows []Row) (mean float64) {
	for _, r := range rows {
		mean += r.Wall / float64(len(rows))
	}
	return mean
}

// ReadPublished reads the published scores.
func ReadPublished(file string) ([]Published, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	var all []Published
	if err := strict(text, &all); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", file, err)
	}
	return all, nil
}

// publishedTable computes what was really spent by what was really executed.
func publishedTable(d *markdown.Document, all []Published) error {
	if len(all) == 0 {
		return nil
	}
	d.Line("## Published scores, and what they cost")
	d.Line("Accuracy and epsilon as the benchmark's leaderboard states them (April 2026), beside the epsilon that can be proven of what was executed, " +
		"had its batches been Poisson samples (they were shuffled, which can only cost more).")
	names := []string{}
	for _, p := range all {
		for name := range p.Accuracy {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	head := []string{"published mechanism", "claimed ε"}
	for _, name := range names {
		head = append(head, name, "true ε")
	}
	d.Row(head...)
	for _, p := range all {
		cells := []string{p.Title, p.Claimed}
		for _, name := range names {
			score, spent, err := p.cells(name)
			if err != nil {
				return err
			}
			cells = append(cells, score, spent)
		}
		d.Row(cells...)
	}
	return nil
}

func (p *Published) cells(dataset string) (score, spent string, err error) {
	a, ok := p.Accuracy[dataset]
	if !ok {
		return "", "", nil
	}
	score = fmt.Sprintf("%.2f", a)
	if p.Unproven != "" {
		return score, p.Unproven, nil
	}
	if _, ok := p.Segments[dataset]; !ok {
		return score, "?", nil
	}
	upper, err := p.spent(dataset)
	return score, markdown.Figure(upper), err
}
