// Package experiment turns configuration files into runs of mechanism x dataset x seed, knows from the rows of results
// which runs are missing, and writes the tables. How a run is carried out is for its caller.
package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloister/train/protocol"
)

// Plan is one configuration file: a setting, and the runs that belong to it.
type Plan struct {
	Setting    string      `json:"setting"` // "a"
	Title      string      `json:"title"`
	About      string      `json:"about"`
	Base       Changes     `json:"base"`             // fields that all runs share
	Trials     []Changes   `json:"trials,omitempty"` // see Group
	TrialSeed  uint64      `json:"trialSeed,omitempty"`
	Unranked   bool        `json:"unranked,omitempty"` // not on the leaderboard, which compares at one epsilon
	Mechanisms []Mechanism `json:"mechanisms"`         // in the order in which they are run
	Groups     []Group     `json:"groups"`
}

// Group is one dataset's runs: every mechanism with every seed.
type Group struct {
	Dataset string   `json:"dataset"`
	Seeds   []uint64 `json:"seeds"`
	Base    Changes  `json:"base"`           // on top of the plan's
	Only    []string `json:"only,omitempty"` // labels of the plan's mechanisms; empty for all
	Note    string   `json:"note,omitempty"` // a reservation that its rows carry

	// Features are trained on instead of the records where they are named: "features", or "features-mirrored" where a mirror image keeps its meaning.
	Features string `json:"features,omitempty"`

	// Trials are settings to choose from, the same for every mechanism: each is run once on the dataset TrialsOn, and the
	// one that is most accurate there is what runs on Dataset. The plan's when empty; none without TrialsOn.
	TrialsOn string    `json:"trialsOn,omitempty"`
	Trials   []Changes `json:"trials,omitempty"`
}

// Mechanism is what is compared.
type Mechanism struct {
	Label  string             `json:"label,omitempty"` // in rows and tables; the name when empty
	Name   string             `json:"name"`            // of mechanism.Catalogue, or several joined by "+"
	Params map[string]float64 `json:"params,omitempty"`
	Config Changes            `json:"config,omitempty"` // on top of everything else
}

// Changes are fields of protocol.Config by their JSON names.
type Changes map[string]any

// Run is one training run.
type Run struct {
	Setting, Mechanism, Dataset string
	Features                    string // trained on instead of the records; "" for the records
	Seed                        uint64
	Config                      protocol.Config
	Note                        string
}

// TrialSetting is the setting under which a plan's trials are filed.
func TrialSetting(setting string) string { return setting + "-trial" }

// Key names a run among all: "a/mnist/fixed/42". Trials end in their number instead of a seed: "b-trial/mnist/fixed/3".
func (r Run) Key() string { return key(r.Setting, r.Dataset, r.Mechanism, r.Seed) }

// Folder is what the packed dataset is called that a run trains on, as docs/experiments/README.md packs it.
func (r Run) Folder() string {
	if r.Features != "" {
		return r.Dataset + "-" + r.Features
	}
	return r.Dataset
}

// Identity names a run and what it does: a plan that changes asks for another run.
func (r Run) Identity() (string, error) {
	r.Config.Workers = 0
	text, err := json.Marshal(r.Config)
	if err != nil {
		return "", fmt.Errorf("experiment: %s: %w", r.Key(), err)
	}
	return fmt.Sprintf("%s %x", r.Key(), sha256.Sum256(text)), nil
}

// Trial says that a run chooses settings for others, which are not known before it is done.
func (r Run) Trial() bool { return strings.HasSuffix(r.Setting, TrialSetting("")) }

func key(setting, dataset, mechanism string, seed uint64) string {
	return fmt.Sprintf("%s/%s/%s/%d", setting, dataset, mechanism, seed)
}

// Load reads every plan of a folder, in the order of the files' names.
func Load(dir string) ([]Plan, error) {
	files, err := filepath.Glob(filepath.Join(dir, "setting-*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("experiment: no setting-*.json in %s", dir)
	}
	var plans []Plan
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("experiment: %w", err)
		}
		var p Plan
		if err := strict(text, &p); err != nil {
			return nil, fmt.Errorf("experiment: %s: %w", file, err)
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("experiment: %s: %w", file, err)
		}
		plans = append(plans, p)
	}
	return plans, nil
}

func (p *Plan) check() error {
	if p.Setting == "" || strings.Contains(p.Setting, "/") {
		return fmt.Errorf("setting %q must be a word", p.Setting)
	}
	labels := map[string]bool{}
	for _, m := range p.Mechanisms {
		if labels[m.label()] || strings.Contains(m.label(), "/") {
			return fmt.Errorf("label %q is there twice or has a slash", m.label())
		}
		labels[m.label()] = true
	}
	for i, g := range p.Groups {
		for _, label := range g.Only {
			if !labels[label] {
				return fmt.Errorf("group %d: no mechanism %q", i, label)
			}
		}
		if g.Dataset == "" || len(g.Seeds) == 0 || len(p.of(&g)) == 0 {
			return fmt.Errorf("group %d needs a dataset, seeds and mechanisms", i)
		}
		if len(g.Trials) > 0 && g.TrialsOn == "" || g.TrialsOn != "" && len(p.trialsOf(&g)) == 0 {
			return fmt.Errorf("group %d needs trials and trialsOn together", i)
		}
		for _, m := range p.of(&g) {
			if _, err := p.config(g.Base, m, nil, g.Seeds[0]); err != nil {
				return fmt.Errorf("group %d: %s: %w", i, m.label(), err)
			}
		}
	}
	return nil
}

// of are the mechanisms of a group.
func (p *Plan) of(g *Group) []Mechanism {
	if len(g.Only) == 0 {
		return p.Mechanisms
	}
	return slices.DeleteFunc(slices.Clone(p.Mechanisms), func(m Mechanism) bool { return !slices.Contains(g.Only, m.label()) })
}

func (p *Plan) trialsOf(g *Group) []Changes {
	switch {
	case g.TrialsOn == "":
		return nil
	case len(g.Trials) > 0:
		return g.Trials
	}
	return p.Trials
}

func (m Mechanism) label() string {
	if m.Label != "" {
		return m.Label
	}
	return m.Name
}

// config lays the changes over each other, the later winning. The seed makes a run repeatable; the data are public.
func (p *Plan) config(base Changes, m Mechanism, trial Changes, seed uint64) (protocol.Config, error) {
	all := Changes{}
	for _, changes := range []Changes{p.Base, base, trial, m.Config} {
		for field, value := range changes {
			all[field] = value
		}
	}
	all["mechanism"] = protocol.Mechanism{Name: m.Name, Params: m.Params}
	all["seed"] = seed
	text, err := json.Marshal(all)
	if err != nil {
		return protocol.Config{}, err
	}
	var c protocol.Config
	return c, strict(text, &c)
}

// runs lists a plan's runs as far as they are known: a run whose trials are not all done is not.
func (p *Plan) runs(rows index) (runs []Run, unknown int, err error) {
	for _, g := range p.Groups {
		for _, m := range p.of(&g) {
			trials, err := p.trials(&g, m)
			if err != nil {
				return nil, 0, err
			}
			runs = append(runs, trials...)
			best, done := bestTrial(trials, rows)
			if !done {
				unknown += len(g.Seeds)
				continue
			}
			var chosen Changes
			if best >= 0 {
				chosen = p.trialsOf(&g)[best]
			}
			for _, seed := range g.Seeds {
				c, err := p.config(g.Base, m, chosen, seed)
				if err != nil {
					return nil, 0, err
				}
				runs = append(runs, Run{p.Setting, m.label(), g.Dataset, g.Features, seed, c, g.Note})
			}
		}
	}
	return runs, unknown, nil
}

// trials are a mechanism's; their seeds in the key are their numbers.
func (p *Plan) trials(g *Group, m Mechanism) ([]Run, error) {
	var runs []Run
	for i, t := range p.trialsOf(g) {
		c, err := p.config(g.Base, m, t, p.TrialSeed)
		if err != nil {
			return nil, err
		}
		runs = append(runs, Run{TrialSetting(p.Setting), m.label(), g.TrialsOn, g.Features, uint64(i), c, "a trial: chooses settings, is not a result"})
	}
	return runs, nil
}

// bestTrial is the most accurate, the first of equals; -1 where there are none. done says whether all have been run.
func bestTrial(trials []Run, rows index) (best int, done bool) {
	best, most := -1, -1.0
	for i, t := range trials {
		row := rows.find(t)
		if row == nil {
			return -1, false
		}
		if row.Accuracy > most {
			best, most = i, row.Accuracy
		}
	}
	return best, true
}

// Missing lists the runs that have no row, each once, in the plans' order, and how many more wait for trials.
func Missing(plans []Plan, rows []Row) (missing []Run, waiting int, err error) {
	seen, done := map[string]bool{}, indexed(rows)
	for i := range plans {
		runs, unknown, err := plans[i].runs(done)
		if err != nil {
			return nil, 0, fmt.Errorf("experiment: setting %s: %w", plans[i].Setting, err)
		}
		waiting += unknown
		for _, r := range runs {
			if !seen[r.Key()] && done.find(r) == nil {
				missing = append(missing, r)
			}
			seen[r.Key()] = true
		}
	}
	return missing, waiting, nil
}

// Select keeps the runs whose key begins with one of the prefixes; all without any.
func Select(runs []Run, prefixes []string) []Run {
	if len(prefixes) == 0 {
		return runs
	}
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.Key(), p) })
	})
}

// strict decodes JSON that may hold known fields only: a misspelt one must not be ignored.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
