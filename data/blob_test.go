package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// folder is a packed dataset in memory.
type folder map[string][]byte

func packed(t testing.TB, ds *Dataset) folder {
	t.Helper()
	f := folder{}
	err := Pack(ds, func(name string, file []byte) error { f[name] = file; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f folder) fetch(_ context.Context, name string) (io.ReadCloser, error) {
	file, ok := f[name]
	if !ok {
		return nil, errors.New("not found")
	}
	return io.NopCloser(bytes.NewReader(file)), nil
}

// repack rewrites the manifest, and rewrites shard 0 so that its checksums are right again.
func (f folder) repack(t *testing.T, change func(*Manifest), shard func(*Split)) {
	t.Helper()
	m, err := DecodeManifest(f[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	if shard != nil {
		records, err := decodeShard(f[m.Shards[0].File])
		if err != nil {
			t.Fatal(err)
		}
		shard(&records)
		file, err := encodeShard(records)
		if err != nil {
			t.Fatal(err)
		}
		f[m.Shards[0].File] = file
		m.Shards[0].Bytes, m.Shards[0].SHA256 = len(file), sha256.Sum256(file)
	}
	if change != nil {
		change(m)
	}
	payload, err := m.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	f[ManifestFile] = seal(kindManifest, payload)
}

func TestPackedDatasetOpens(t *testing.T) {
	ds := Digits(6000, 70, 3) // two training shards
	f := packed(t, ds)
	if len(f) != 4 {
		t.Errorf("%d files, want 2 training shards, 1 test shard and the manifest", len(f))
	}
	for name, file := range f {
		if len(file) > MaxShardBytes {
			t.Errorf("%s has %d bytes, more than %d", name, len(file), MaxShardBytes)
		}
	}
	var last, calls int64
	got, err := Open(t.Context(), f.fetch, func(done, total int64) {
		if done <= last || total != ofShards(f) {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last, calls = done, calls+1
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls != 3 || last != ofShards(f) {
		t.Errorf("%d reports of progress, the last at %d; want 3, the last at %d", calls, last, ofShards(f))
	}
	got.Shards = nil
	if !reflect.DeepEqual(got, ds) {
		t.Error("the dataset that opens is not the one that was packed")
	}
}

func ofShards(f folder) (total int64) {
	for name, file := range f {
		if name != ManifestFile {
			total += int64(len(file))
		}
	}
	return total
}

func TestBrokenShardIsFetchedAgain(t *testing.T) {
	f := packed(t, Digits(30, 10, 3))
	m, err := DecodeManifest(f[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	tries, retries := map[string]int{}, 0
	_, err = Open(t.Context(), func(ctx context.Context, name string) (io.ReadCloser, error) {
		tries[name]++
		if Retrying(ctx) {
			retries++
		}
		if name == m.Shards[1].File && tries[name] == 1 {
			return io.NopCloser(strings.NewReader("<html>busy</html>")), nil
		}
		return f.fetch(ctx, name)
	}, nil)
	if err != nil {
		t.Errorf("a shard that is broken once only: %v", err)
	}
	if tries[m.Shards[0].File] != 1 || tries[m.Shards[1].File] != 2 || retries != 1 {
		t.Errorf("tries %v, of which %d say that they are retries", tries, retries)
	}
}

// Shards come in order, with the place of their values. Where they were kept, damage is told by the CRC alone.
func TestEachShardSaysWhereItsValuesAre(t *testing.T) {
	f := packed(t, Digits(6000, 70, 3))
	m, err := DecodeManifest(f[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []bool{false, true} {
		next := 0
		err := m.EachShard(t.Context(), f.fetch, kept, func(shard *Shard, records Split, at int) error {
			if shard != &m.Shards[next] || records.Len() != shard.Records {
				t.Errorf("shard %d is %q with %d records", next, shard.File, records.Len())
			}
			if !bytes.Equal(records.Values, f[shard.File][at:][:len(records.Values)]) {
				t.Errorf("shard %d: its values are not at %d of its file", next, at)
			}
			next++
			return nil
		})
		if err != nil || next != 3 {
			t.Fatalf("%d shards, error %v", next, err)
		}
	}
	name := m.Shards[1].File
	f[name][len(f[name])/2] ^= 1
	for _, kept := range []bool{false, true} {
		next := 0
		err := m.EachShard(t.Context(), f.fetch, kept, func(*Shard, Split, int) error { next++; return nil })
		if err == nil || !strings.Contains(err.Error(), "checksum mismatch") || next != 1 {
			t.Errorf("kept %t: %d shards before the damaged one, error %v", kept, next, err)
		}
	}
}

func TestBadDatasetIsRefused(t *testing.T) {
	shard := func(f folder) string {
		m, err := DecodeManifest(f[ManifestFile])
		if err != nil {
			t.Fatal(err)
		}
		return m.Shards[0].File
	}
	flip := func(b []byte, i int) { b[i] ^= 0x40 }
	for _, c := range []struct {
		name, want string
		damage     func(t *testing.T, f folder)
	}{
		{"shard missing", "shard 0 (train-000", func(t *testing.T, f folder) { delete(f, shard(f)) }},
		{"shard damaged", "checksum mismatch: SHA-256", func(t *testing.T, f folder) { flip(f[shard(f)], 1000) }},
		{"shard truncated", "truncated", func(t *testing.T, f folder) { f[shard(f)] = f[shard(f)][:500] }},
		{"shard empty", "truncated", func(t *testing.T, f folder) { f[shard(f)] = nil }},
		{"shard oversized", "oversized", func(t *testing.T, f folder) { f[shard(f)] = append(f[shard(f)], 0) }},
		{"shards of another order", "checksum mismatch", func(t *testing.T, f folder) {
			f.repack(t, func(m *Manifest) { m.Shards[0].SHA256, m.Shards[1].SHA256 = m.Shards[1].SHA256, m.Shards[0].SHA256 }, nil)
		}},
		{"label out of range", "shard 0 (train-000", func(t *testing.T, f folder) {
			f.repack(t, nil, func(s *Split) { s.Labels[17] = 10 })
		}},
		{"label out of range, where", "record 17: label 10, but there are 10 classes", func(t *testing.T, f folder) {
			f.repack(t, nil, func(s *Split) { s.Labels[17] = 10 })
		}},
		{"pixels missing", "bytes of values for 30 labels", func(t *testing.T, f folder) {
			f.repack(t, nil, func(s *Split) { s.Values = s.Values[:30*784-1] })
		}},
		{"records too many", "30 records, the manifest states 29", func(t *testing.T, f folder) {
			f.repack(t, func(m *Manifest) { m.Shards[0].Records, m.TrainRecords = 29, 29 }, nil)
		}},
		{"no manifest", "data: manifest: not found", func(t *testing.T, f folder) { delete(f, ManifestFile) }},
		{"manifest truncated", "truncated", func(t *testing.T, f folder) { f[ManifestFile] = f[ManifestFile][:40] }},
		{"manifest without header", "truncated", func(t *testing.T, f folder) { f[ManifestFile] = f[ManifestFile][:9] }},
		{"manifest oversized", "oversized: more than 1048576 bytes", func(t *testing.T, f folder) { f[ManifestFile] = make([]byte, MaxManifestBytes+1) }},
		{"manifest longer than stated", "oversized", func(t *testing.T, f folder) { f[ManifestFile] = append(f[ManifestFile], 0) }},
		{"manifest damaged", "checksum mismatch", func(t *testing.T, f folder) { flip(f[ManifestFile], 60) }},
		{"wrong magic", "wrong magic", func(t *testing.T, f folder) { flip(f[ManifestFile], 0) }},
		{"wrong kind", "kind 'S', want 'M'", func(t *testing.T, f folder) { f[ManifestFile] = f[shard(f)] }},
		{"newer version", "version 3", func(t *testing.T, f folder) { f[ManifestFile][len(magic)+1] = 3 }},
		{"version 0", "version 0", func(t *testing.T, f folder) { f[ManifestFile][len(magic)+1] = 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := packed(t, Digits(30, 10, 3))
			c.damage(t, f)
			_, err := Open(t.Context(), f.fetch, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: ") {
				t.Errorf("error %v, want one of package data that says %q", err, c.want)
			}
		})
	}
}

func TestBadManifestIsRefused(t *testing.T) {
	nan := float32(0)
	nan /= nan
	for _, c := range []struct {
		name, want string
		change     func(*Manifest)
	}{
		{"name with a slash", "name", func(m *Manifest) { m.Name = "a/b" }},
		{"no name", "name", func(m *Manifest) { m.Name = "" }},
		{"title not UTF-8", "UTF-8", func(m *Manifest) { m.Title = "\xff" }},
		{"endless provenance", "at most 4096 bytes", func(m *Manifest) { m.Provenance = strings.Repeat("x", 5000) }},
		{"no channels", "shape 0x28x28", func(m *Manifest) { m.Channels = 0 }},
		{"negative height", "shape", func(m *Manifest) { m.Height = -1 }},
		{"record too large", "shape", func(m *Manifest) { m.Height, m.Width = 1<<15, 1<<15 }},
		{"unknown kind", `kind "smell"`, func(m *Manifest) { m.Kind = "smell" }},
		{"unknown type", `type "int8"`, func(m *Manifest) { m.Type = "int8" }},
		{"unknown unit", `unit of privacy ""`, func(m *Manifest) { m.Unit = "" }},
		{"persons of records", "1 and 0 persons, but the unit", func(m *Manifest) { m.TrainPersons = 1 }},
		{"nobody", "0 and 0 persons", func(m *Manifest) { m.Unit = UnitPerson }},
		{"more persons than records", "31 and 0 persons", func(m *Manifest) { m.Unit, m.TrainPersons = UnitPerson, 31 }},
		{"columns of an image", "1 columns with 1 float32 values", func(m *Manifest) { m.Columns = []Column{{Name: "age", High: 120}} }},
		{"bounds reversed", `"age": bounds 120 to 0`, func(m *Manifest) { m.Columns = []Column{{Name: "age", Low: 120}} }},
		{"bound not finite", `bounds 0 to NaN`, func(m *Manifest) { m.Columns = []Column{{Name: "age", High: float64(nan)}} }},
		{"bounds too close", "too close together", func(m *Manifest) { m.Columns = []Column{{Low: 1e9, High: 1e9 + 100}} }},
		{"missing out of bounds", "-1 for what is missing", func(m *Manifest) { m.Columns = []Column{{High: 1, Optional: true, Missing: -1}} }},
		{"one class", "1 classes", func(m *Manifest) { m.Classes = m.Classes[:1] }},
		{"class without a name", "class 3 has no name", func(m *Manifest) { m.Classes[3] = "" }},
		{"257 classes", "limit", func(m *Manifest) { m.Classes = make([]string, 257) }},
		{"nothing to train on", "0 training", func(m *Manifest) { m.TrainRecords = 0 }},
		{"negative count", "-1 test", func(m *Manifest) { m.TestRecords = -1 }},
		{"too many records", "that fit", func(m *Manifest) { m.TrainRecords = 1 << 20 }},
		{"overflowing count", "training", func(m *Manifest) { m.TrainRecords = 1 << 62 }},
		{"mean per channel", "2 means", func(m *Manifest) { m.Mean = []float32{0, 0} }},
		{"mean NaN", "not usable", func(m *Manifest) { m.Mean[0] = nan }},
		{"std zero", "not usable", func(m *Manifest) { m.Std[0] = 0 }},
		{"std NaN", "not usable", func(m *Manifest) { m.Std[0] = nan }},
		{"file in another folder", "shard 1: file", func(m *Manifest) { m.Shards[1].File = "../secret" }},
		{"file twice", "named twice", func(m *Manifest) { m.Shards[1].File = m.Shards[0].File }},
		{"file too large", "shard 0: 4194305 bytes", func(m *Manifest) { m.Shards[0].Bytes = MaxShardBytes + 1 }},
		{"more records than bytes", "shard 0: 40 records", func(m *Manifest) { m.Shards[0].Records, m.TrainRecords = 40, 40 }},
		{"unknown split", `split "valid"`, func(m *Manifest) { m.Shards[1].Split = "valid" }},
		{"counts that do not add up", "shards hold 30 training", func(m *Manifest) { m.TrainRecords = 31 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := packed(t, Digits(30, 10, 3))
			f.repack(t, c.change, nil)
			_, err := OpenManifest(t.Context(), f.fetch)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: manifest: ") {
				t.Errorf("error %v, want one of the manifest that says %q", err, c.want)
			}
		})
	}
}

func TestBadDatasetIsNotPacked(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Dataset)
	}{
		{"train split: record 2: label 200", func(d *Dataset) { d.Train.Labels[2] = 200 }},
		{"test split has 9 records", func(d *Dataset) { d.Test.Labels, d.Test.Values = d.Test.Labels[:9], d.Test.Values[:9*784] }},
		{"test split: 7839 bytes of values", func(d *Dataset) { d.Test.Values = d.Test.Values[:7839] }},
		{"1 means", func(d *Dataset) { d.Std = nil }},
	} {
		ds := Digits(30, 10, 3)
		c.change(ds)
		err := Pack(ds, func(string, []byte) error { t.Error("a file was written"); return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}

func TestCancelledOpenStops(t *testing.T) {
	f := packed(t, Digits(30, 10, 3))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Open(ctx, func(ctx context.Context, name string) (io.ReadCloser, error) {
		if name != ManifestFile {
			t.Errorf("%s was fetched after the cancellation", name)
		}
		cancel()
		return f.fetch(ctx, name)
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
