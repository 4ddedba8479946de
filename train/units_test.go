//go:build !js

package train

import (
	"context"
	"strings"
	"testing"

	"cloister/data"
	"cloister/dp"
	"cloister/train/protocol"
)

// Persons are what a run counts: N, epochs, the plan, and what the page is told; and what the engine samples, with an auditor too.
func TestTrainsPersons(t *testing.T) {
	b := openPeople(t, people(4000, 1000, true))
	info := b.dataset.Info()
	if info.Unit != data.UnitPerson || info.Units != 2000 || info.Train != 4000 || len(info.Presets) == 0 {
		t.Errorf("the page is told of %d units of %q, %d records and %d presets", info.Units, info.Unit, info.Train, len(info.Presets))
	}
	for _, audit := range []bool{false, true} {
		c := quick()
		c.Audit = audit
		s := b.session(t, c, nil)
		p := s.Planned()
		if p.Steps != 40 || p.SamplingRate != 0.05 || p.Relation != dp.PersonRelation {
			t.Errorf("%d steps at rate %v, %q", p.Steps, p.SamplingRate, p.Relation)
		}
		steps(t, s, p.Steps)
		if _, err := s.Audited(); err != nil {
			t.Error(err)
		}
		file, err := s.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		saved, err := DecodeCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		b.session(t, saved.Config, saved).Close()
	}
}

// What is asked of too few persons, or of runs that protect different things, is refused or left open with the reason.
func TestPersonsAreTooFew(t *testing.T) {
	b := openPeople(t, people(300, 10, true))
	c := quick()
	c.BatchSize = 151
	if _, err := b.try(c, nil); err == nil || !strings.Contains(err.Error(), "150 persons") || !strings.Contains(err.Error(), "take at most 150") {
		t.Errorf("error %v, want the number of persons and the way out", err)
	}
	c.BatchSize = 150 // everybody brings one record to each step
	s := b.session(t, c, nil)
	steps(t, s, 1)
	s.Close()
	b.dataset.Manifest.Unit, b.dataset.Manifest.TrainPersons, b.dataset.Manifest.TestPersons, b.dataset.persons = data.UnitRecord, 0, 0, nil
	s = b.session(t, quick(), nil)
	defer s.Close()
	total, err := s.LedgerTotal()
	if err != nil || !strings.Contains(total.None, "protect different things") && !strings.Contains(total.None, "not kept") {
		t.Errorf("total %+v, %v", total, err)
	}
	runs := b.ledger(t).Runs()
	if mixed(runs, s.engine.Run(), s.plan) == "" {
		t.Error("a run that protected persons adds up with one that protects records")
	}
	if mixed(runs, s.engine.Run(), nil) != "" {
		t.Error("one run alone does not add up")
	}
	if _, err := s.env.Ledger.Epsilon(1e-5); err != nil {
		t.Errorf("before the second run has spent: %v", err)
	}
	steps(t, s, 1)
	if _, err := s.env.Ledger.Epsilon(1e-5); err == nil {
		t.Error("the ledger adds up records and persons")
	}
}

// A set that says that persons have records which are nobody's, or persons without records, is refused when it is opened.
func TestPersonsWithoutRecords(t *testing.T) {
	o := owners{}
	o.add(data.TrainSplit, []uint32{0, 2})
	m := data.Manifest{Unit: data.UnitPerson, TrainPersons: 3}
	if _, err := o.group(&m, data.TrainSplit); err == nil || !strings.Contains(err.Error(), "train split") {
		t.Errorf("error %v", err)
	}
}

// Own data come as files in memory, share one ledger whatever their name where no collection is named, and are never replayed without privacy.
func TestOpensOwnData(t *testing.T) {
	keys := map[string]bool{}
	for _, name := range []string{"people", "others"} {
		ds := people(400, 100, false)
		ds.Name = name
		var files []protocol.File
		if err := data.Pack(ds, func(name string, file []byte) error {
			files = append(files, protocol.File{Name: name, Blob: protocol.Blob{Handle: append([]byte(nil), file...)}})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		host := &MemoryHost{New: PlainBackend}
		open := func(files []protocol.File) (*Dataset, error) {
			return OpenDataset(context.Background(), host, protocol.Source{Kind: "own", Files: files}, func(protocol.Loading) {})
		}
		d, err := open(files)
		if err != nil {
			t.Fatal(err)
		}
		if info := d.Info(); !info.Own || info.Train != 400 || d.Published() || info.Classes[1] != "yes" || info.Kind != data.Table {
			t.Errorf("opened as %+v", info)
		}
		keys[d.Key] = true
		if _, err := open(files[1:]); err == nil || !strings.Contains(err.Error(), "handed over") {
			t.Errorf("without a shard: %v", err)
		}
		if _, err := open(nil); err == nil {
			t.Error("no files are a dataset")
		}
	}
	if len(keys) != 1 {
		t.Errorf("renaming own data gives a ledger of its own: %d keys", len(keys))
	}
}
