package experiment

import (
	"fmt"
	"slices"
	"strings"

	"cloister/accountant"
	"cloister/dp/mechanism"
	"cloister/train/protocol"
)

// Board is what the site's leaderboard shows: the tables, to be filtered, sorted and run again.
type Board struct {
	Settings  []BoardSetting `json:"settings"`
	Standings []Standing     `json:"standings"`
}

// BoardSetting is a plan, in words.
type BoardSetting struct {
	Setting string `json:"setting"`
	Title   string `json:"title"`
	About   string `json:"about"`
}

// Standing is one line: the runs of a mechanism in a setting on a dataset, or a score that others report.
type Standing struct {
	Setting   string  `json:"setting"` // of a published score: ""
	Dataset   string  `json:"dataset"`
	Mechanism string  `json:"mechanism"`          // its label
	Title     string  `json:"title"`              // for people
	Accuracy  float64 `json:"accuracy"`           // mean, 0 to 1
	Half      float64 `json:"half"`               // half of its 95 % interval, of runs of ours
	Runs      int     `json:"runs,omitempty"`     // of ours
	Epsilon   float64 `json:"epsilon,omitempty"`  // proven, the largest of the runs; 0: none can be, or not enough is known of it
	Claimed   string  `json:"claimed,omitempty"`  // of a published score
	Unproven  string  `json:"unproven,omitempty"` // why nothing can be proven
	Steps     int     `json:"steps,omitempty"`
	Seconds   float64 `json:"seconds,omitempty"` // wall time of a run, on average

	Features string           `json:"features,omitempty"` // trained on instead of the records
	Config   *protocol.Config `json:"config,omitempty"`   // of the first run, its seed included
	Notes    []string         `json:"notes,omitempty"`
}

// MakeBoard reads the rows as the tables do; what was not run has no line.
func MakeBoard(plans []Plan, rows []Row, published []Published) (*Board, error) {
	b := &Board{}
	for i := range plans {
		p := &plans[i]
		if p.Unranked {
			continue
		}
		b.Settings = append(b.Settings, BoardSetting{p.Setting, p.Title, p.About})
		datasets, mechanisms := p.columns()
		for _, dataset := range datasets {
			for _, m := range mechanisms {
				if of := p.rowsOf(rows, dataset, m); len(of) > 0 {
					b.Standings = append(b.Standings, standing(of))
				}
			}
		}
	}
	for i := range published {
		all, err := published[i].standings()
		if err != nil {
			return nil, err
		}
		b.Standings = append(b.Standings, all...)
	}
	return b, nil
}

// rowsOf are the runs of one cell of a plan's table.
func (p *Plan) rowsOf(rows []Row, dataset, mechanism string) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Setting != p.Setting || r.Dataset != dataset || r.Mechanism != mechanism })
}

func standing(of []Row) Standing {
	first := &of[0]
	s := Standing{Setting: first.Setting, Dataset: first.Dataset, Mechanism: first.Mechanism, Title: titleOf(first), Features: first.Features, Runs: len(of), Config: &first.Config}
	s.Accuracy, s.Half = meanAccuracy(of)
	s.Epsilon, s.Seconds = mostEpsilon(of), meanSeconds(of)
	for _, r := range of {
		s.Steps = max(s.Steps, r.Steps)
		if r.Note != "" && !slices.Contains(s.Notes, r.Note) {
			s.Notes = append(s.Notes, r.Note)
		}
	}
	return s
}

// titleOf calls a mechanism by the titles of its parts, and what is trained on features by that.
func titleOf(r *Row) string {
	if r.Features != "" && r.Config.Model == "logistic" {
		return "Linear head on fixed features"
	}
	var titles []string
	for _, name := range strings.Split(r.Config.Mechanism.Name, "+") {
		i := slices.IndexFunc(mechanism.Catalogue(), func(m mechanism.Mechanism) bool { return m.Name == name })
		if i < 0 {
			return r.Mechanism
		}
		titles = append(titles, mechanism.Catalogue()[i].Title)
	}
	return strings.Join(titles, " + ")
}

func (p *Published) standings() (all []Standing, err error) {
	for _, dataset := range []string{"mnist", "fashion-mnist", "cifar-10"} {
		accuracy, ok := p.Accuracy[dataset]
		if !ok {
			continue
		}
		s := Standing{Dataset: dataset, Mechanism: p.Mechanism, Title: p.Title, Accuracy: accuracy / 100, Claimed: p.Claimed, Unproven: p.Unproven}
		if s.Epsilon, err = p.spent(dataset); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// spent bounds the epsilon of what was executed; 0 where nothing can be proven.
func (p *Published) spent(dataset string) (float64, error) {
	text, ok := p.Segments[dataset]
	if !ok || p.Unproven != "" {
		return 0, nil
	}
	segments, err := accountant.ParseSegments(text)
	if err != nil {
		return 0, fmt.Errorf("experiment: %s on %s: %w", p.Title, dataset, err)
	}
	b, err := accountant.Epsilon(segments, 1e-5)
	if err != nil {
		return 0, fmt.Errorf("experiment: %s on %s: %w", p.Title, dataset, err)
	}
	return b.Upper, nil
}
