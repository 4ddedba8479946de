package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"cloister/data"
)

// shown is what -show prints: a record's values as a network sees them before normalisation.
type shown struct {
	Label  string    `json:"label"`
	Values []float64 `json:"values"`
}

// show prints record i of a packed dataset, the training records counted first. It reads only the shard that holds it.
func show(ctx context.Context, i int, dir string, out io.Writer) error {
	fetch := data.FromDir(dir)
	m, err := data.OpenManifest(ctx, fetch)
	if err != nil {
		return err
	}
	if i < 0 || i >= m.TrainRecords+m.TestRecords {
		return fmt.Errorf("pack: -show %d: there are records 0 to %d", i, m.TrainRecords+m.TestRecords-1)
	}
	split := data.TrainSplit
	if i >= m.TrainRecords {
		split, i = data.TestSplit, i-m.TrainRecords
	}
	for k, shard := range m.Shards {
		if shard.Split != split {
			continue
		}
		if i >= shard.Records {
			i -= shard.Records
			continue
		}
		records, err := m.FetchShard(ctx, fetch, k)
		if err != nil {
			return err
		}
		s := shown{Label: m.Classes[records.Labels[i]]}
		for j := range m.RecordSize() {
			s.Values = append(s.Values, value(m, records, i*m.RecordSize()+j))
		}
		return json.NewEncoder(out).Encode(s)
	}
	return fmt.Errorf("pack: %s: no shard holds the record", dir)
}

func value(m *data.Manifest, records data.Split, at int) float64 {
	if m.Float() {
		return float64(data.Float32At(records.Values, at))
	}
	return float64(records.Values[at])
}
