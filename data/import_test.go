package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// idx is a file of the given magic number, dimensions and values.
func idx(magic uint32, dims []uint32, values []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		file = binary.BigEndian.AppendUint32(file, d)
	}
	return append(file, values...)
}

func gzipped(content []byte) []byte {
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	w.Write(content)
	w.Close()
	return file.Bytes()
}

func TestImportIDX(t *testing.T) {
	images := idx(idxImages, []uint32{2, 2, 3}, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	labels := idx(idxLabels, []uint32{2}, []byte{9, 0})
	for name, files := range map[string][2][]byte{"plain": {images, labels}, "gzip": {gzipped(images), gzipped(labels)}} {
		records, height, width, err := ImportIDX(bytes.NewReader(files[0]), bytes.NewReader(files[1]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if height != 2 || width != 3 || !bytes.Equal(records.Values, images[16:]) || !bytes.Equal(records.Labels, []byte{9, 0}) {
			t.Errorf("%s: %dx%d, %v", name, height, width, records)
		}
	}
}

func TestBadIDXIsRefused(t *testing.T) {
	images := idx(idxImages, []uint32{2, 1, 1}, []byte{1, 2})
	labels := idx(idxLabels, []uint32{2}, []byte{3, 4})
	compressed := gzipped(images)
	damaged := slices.Clone(compressed)
	damaged[len(damaged)-6] ^= 1 // the CRC of gzip
	for _, c := range []struct {
		name, want     string
		images, labels []byte
	}{
		{"empty", "IDX images: header: truncated", nil, labels},
		{"short header", "IDX images: header: truncated", images[:9], labels},
		{"truncated", "IDX images: truncated: 1 of 2 values", images[:17], labels},
		{"oversized", "IDX labels: oversized", images, append(labels[:len(labels):len(labels)], 1)},
		{"swapped", "wrong magic number 0x00000801, want 0x00000803", labels, images},
		{"floats", "wrong magic number 0x00000d03", idx(0xd03, []uint32{1, 1, 1}, []byte{0, 0, 0, 0}), labels},
		{"no records", "dimensions [0 1 1]", idx(idxImages, []uint32{0, 1, 1}, nil), labels},
		{"header that lies", "dimensions [4294967295 4294967295 4294967295]", idx(idxImages, []uint32{1<<32 - 1, 1<<32 - 1, 1<<32 - 1}, nil), labels},
		{"header that claims much", "truncated: 2 of 536870912 values", idx(idxImages, []uint32{1 << 29, 1, 1}, []byte{1, 2}), labels},
		{"counts differ", "IDX labels: 1 labels for 2 images", images, idx(idxLabels, []uint32{1}, []byte{0})},
		{"gzip truncated", "truncated", compressed[:len(compressed)-3], labels},
		{"gzip damaged", "checksum", damaged, labels},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, err := ImportIDX(bytes.NewReader(c.images), bytes.NewReader(c.labels))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: IDX ") {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

// cifarFile has one record per label; record i is filled with i+1.
func cifarFile(labels ...byte) []byte {
	var file []byte
	for i, label := range labels {
		file = append(append(file, label), bytes.Repeat([]byte{byte(i + 1)}, cifarPixels)...)
	}
	return file
}

func TestImportCIFAR10(t *testing.T) {
	records, err := ImportCIFAR10(bytes.NewReader(cifarFile(3, 9)), bytes.NewReader(gzipped(cifarFile(0))))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(records.Labels, []byte{3, 9, 0}) {
		t.Errorf("labels %v, want 3, 9, 0", records.Labels)
	}
	for i, fill := range []byte{1, 2, 1} {
		record := records.Values[i*cifarPixels : (i+1)*cifarPixels]
		if !bytes.Equal(record, bytes.Repeat([]byte{fill}, cifarPixels)) {
			t.Errorf("record %d has pixels of another", i)
		}
	}
}

func TestBadCIFAR10IsRefused(t *testing.T) {
	good := cifarFile(1, 2)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"empty", "0 bytes are not records of 3073", nil},
		{"truncated", "6145 bytes are not records", good[:len(good)-1]},
		{"oversized", "6147 bytes are not records", append(slices.Clone(good), 1)},
		{"label", "file 1: record 1: label 10", cifarFile(1, 10)},
		{"gzip truncated", "truncated", gzipped(good)[:30]},
	} {
		_, err := ImportCIFAR10(bytes.NewReader(good), bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: CIFAR-10 file 1: ") {
			t.Errorf("%s: error %v, want one of file 1 that says %q", c.name, err, c.want)
		}
	}
	if _, err := readCIFAR10(bytes.NewReader(good), len(good)-1); err == nil || !strings.Contains(err.Error(), "oversized: more than the 6145 bytes") {
		t.Errorf("error %v, want one that says that the file is oversized", err)
	}
}

// What reaches a decoder may be anything. Whatever it accepts must be within bounds and fit together.

func FuzzManifest(f *testing.F) {
	good := packed(f, Digits(30, 10, 3))
	f.Add(good[ManifestFile][frameBytes:])
	f.Add(good[ManifestFile][frameBytes:60])
	f.Add([]byte{0xde, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, payload []byte) {
		DecodeManifest(payload) // nearly always without a valid header
		m, err := DecodeManifest(seal(kindManifest, payload))
		if err != nil {
			return
		}
		again, err := EncodeManifest(m)
		if err != nil {
			t.Fatalf("accepted, but does not encode: %v", err)
		}
		if _, err := DecodeManifest(again); err != nil {
			t.Fatalf("accepted once, refused after encoding: %v", err)
		}
	})
}

func FuzzShard(f *testing.F) {
	shard, err := (&Split{Values: []byte{1, 2, 3, 4}, Labels: []byte{0, 1}}).MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shard)
	f.Add(shard[:9])
	f.Add([]byte{0x81, 0xa6, 'v', 'a', 'l', 'u', 'e', 's', 0xc6, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x81, 0xa7, 'p', 'e', 'r', 's', 'o', 'n', 's', 0xdd, 0x00, 0x0f, 0xff, 0xff})
	f.Add([]byte{0x82, 0xa6, 'p', 'i', 'x', 'e', 'l', 's', 0xc4, 1, 9, 0xa6, 'l', 'a', 'b', 'e', 'l', 's', 0xc4, 1, 0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		decodeShard(payload)
		old := seal(kindShard, payload)
		old[len(magic)+1] = 1
		if records, err := decodeShard(old); err == nil && len(records.Values)+len(records.Labels) > len(payload) {
			t.Fatalf("version 1: %d + %d bytes out of %d", len(records.Values), len(records.Labels), len(payload))
		}
		records, err := decodeShard(seal(kindShard, payload))
		if err == nil && len(records.Values)+len(records.Labels)+len(records.Persons) > len(payload) {
			t.Fatalf("%d + %d bytes out of %d", len(records.Values), len(records.Labels), len(payload))
		}
	})
}

func FuzzIDX(f *testing.F) {
	images := idx(idxImages, []uint32{2, 1, 2}, []byte{1, 2, 3, 4})
	labels := idx(idxLabels, []uint32{2}, []byte{3, 4})
	f.Add(images, labels)
	f.Add(gzipped(images), gzipped(labels))
	f.Add(images[:12], labels)
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		records, height, width, err := ImportIDX(bytes.NewReader(images), bytes.NewReader(labels))
		if err == nil && (height < 1 || width < 1 || len(records.Values) != records.Len()*height*width) {
			t.Fatalf("accepted %d records of %dx%d with %d pixels", records.Len(), height, width, len(records.Values))
		}
	})
}

func FuzzCIFAR10(f *testing.F) {
	f.Add(cifarFile(1, 2))
	f.Add(gzipped(cifarFile(1)))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, file []byte) {
		records, err := ImportCIFAR10(bytes.NewReader(file))
		if err == nil {
			cifar, _ := Known("cifar-10")
			err = cifar.Check(TrainSplit, &records)
			if err != nil {
				t.Fatalf("accepted, but %v", err)
			}
		}
	})
}
