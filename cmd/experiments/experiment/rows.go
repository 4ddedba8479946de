package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"cloister/train/protocol"
)

// Row is a run that was carried out.
type Row struct {
	Setting      string          `json:"setting"`
	Mechanism    string          `json:"mechanism"`
	Dataset      string          `json:"dataset"`
	Features     string          `json:"features,omitempty"` // as the run's
	Seed         uint64          `json:"seed"`               // of a trial: its number
	EpsilonUpper float64         `json:"epsilon_upper"`
	EpsilonLower float64         `json:"epsilon_lower"`
	Delta        float64         `json:"delta"`
	Sampling     string          `json:"sampling"`
	Sigma        float64         `json:"sigma"` // noise multiplier of the first step
	Steps        int             `json:"steps"`
	Accuracy     float64         `json:"accuracy"` // on the public test set, after the last epoch, 0 to 1
	Config       protocol.Config `json:"config"`
	Wall         float64         `json:"wall_s"` // from the click on Train to done
	Note         string          `json:"note,omitempty"`
}

// Of is the row of a run: who it was, with what it gave filled in by the caller.
func (r Run) Of() Row {
	return Row{Setting: r.Setting, Mechanism: r.Mechanism, Dataset: r.Dataset, Features: r.Features, Seed: r.Seed, Config: r.Config, Note: r.Note}
}

// index finds rows by their runs' keys.
type index map[string]*Row

func indexed(rows []Row) index {
	all := index{}
	for i := range rows {
		w := &rows[i]
		all[key(w.Setting, w.Dataset, w.Mechanism, w.Seed)] = w
	}
	return all
}

// find is the row of a run; one with the same key and another configuration does not count.
func (all index) find(r Run) *Row {
	if w := all[r.Key()]; w != nil && w.Features == r.Features && sameConfig(w.Config, r.Config) {
		return w
	}
	return nil
}

// Check says what keeps a row, which may come from another machine, from being the run's.
func (r Run) Check(row Row) error {
	switch {
	case key(row.Setting, row.Dataset, row.Mechanism, row.Seed) != r.Key() || row.Features != r.Features || !sameConfig(row.Config, r.Config):
		return fmt.Errorf("experiment: %s: the row is of another run", r.Key())
	case !(row.Accuracy >= 0 && row.Accuracy <= 1):
		return fmt.Errorf("experiment: %s: accuracy %v", r.Key(), row.Accuracy)
	case !(row.EpsilonUpper > 0 && row.EpsilonUpper <= r.Config.Epsilon):
		return fmt.Errorf("experiment: %s: epsilon %v is above the target %v", r.Key(), row.EpsilonUpper, r.Config.Epsilon)
	}
	return nil
}

// sameConfig compares what the configurations say; workers change a run's speed alone.
func sameConfig(a, b protocol.Config) bool {
	a.Workers, b.Workers = 0, 0
	if len(a.Mechanism.Params) == 0 && len(b.Mechanism.Params) == 0 {
		a.Mechanism.Params, b.Mechanism.Params = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// Add replaces the row with the same key, or appends.
func Add(rows []Row, row Row) []Row {
	k := key(row.Setting, row.Dataset, row.Mechanism, row.Seed)
	for i, w := range rows {
		if key(w.Setting, w.Dataset, w.Mechanism, w.Seed) == k {
			rows[i] = row
			return rows
		}
	}
	return append(rows, row)
}

// ReadRows reads the results so far; no file means none.
func ReadRows(file string) ([]Row, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	var rows []Row
	if err := strict(text, &rows); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", file, err)
	}
	return rows, nil
}

// WriteRows replaces the file whole, one row a line, so that an interrupted run loses nothing and a change shows as one.
func WriteRows(file string, rows []Row) error {
	text := []byte("[\n")
	for i, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("experiment: %w", err)
		}
		text = append(text, line...)
		if i < len(rows)-1 {
			text = append(text, ',')
		}
		text = append(text, '\n')
	}
	return WriteFile(file, append(text, "]\n"...))
}

// WriteFile replaces a file in one go.
func WriteFile(file string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(temporary.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("experiment: %s: %w", file, err)
	}
	return nil
}
