package intake

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/table"
)

// kinds are a bundle's files by what they could be.
type kinds struct {
	images, recordings, tables, others []bundle.File
	labels                             *bundle.File // labels.csv, beside files that it labels
	recording                          Recording
}

// unread are recordings' names where nobody reads recordings.
var unread = []string{".mp3", ".wav", ".ogg", ".flac", ".m4a", ".opus"}

func sortKinds(files []bundle.File, o Options) kinds {
	var k kinds
	if o.Recordings != nil {
		k.recording = o.Recordings()
	}
	for _, f := range files {
		base := strings.ToLower(path.Base(f.Name))
		switch {
		case k.labels == nil && (base == "labels.csv" || base == "labels.tsv"):
			k.labels = &f
		case image.Is(f.Name):
			k.images = append(k.images, f)
		case k.recording != nil && k.recording.Is(f.Name):
			k.recordings = append(k.recordings, f)
		case table.Is(f.Name):
			k.tables = append(k.tables, f)
		default:
			k.others = append(k.others, f)
		}
	}
	if k.labels != nil && len(k.images)+len(k.recordings) == 0 { // a table of that name
		k.tables = append(k.tables, *k.labels)
		k.labels = nil
	}
	if len(files) == 1 && len(k.others) == 1 && strings.HasSuffix(strings.ToLower(files[0].Name), ".txt") {
		k.tables, k.others = k.others, nil
	}
	return k
}

// likely is the kind that most files are of.
func (k *kinds) likely() string {
	switch n := max(len(k.images), len(k.recordings), len(k.tables)); {
	case n == 0:
		return ""
	case n == len(k.images):
		return data.Image
	case n == len(k.recordings):
		return data.Audio
	}
	return data.Table
}

// leaveOut lists the files that are of another kind.
func (p *Proposal) leaveOut(files []bundle.File) {
	for _, f := range files {
		p.Skipped = append(p.Skipped, bundle.Problem{File: f.Name, Reason: p.foreign(f.Name)})
	}
}

func (p *Proposal) foreign(name string) string {
	extension := strings.ToLower(path.Ext(name))
	if slices.Contains(unread, extension) && p.options.Recordings == nil {
		return "recordings are not read here"
	}
	if image.Is(name) || table.Is(name) || slices.Contains(unread, extension) {
		return fmt.Sprintf("not of the kind that the rest is (%s)", p.Kind)
	}
	return "not of a kind that is read"
}

func nothing(k kinds) error {
	if len(k.others) == 0 {
		return errors.New("nothing there to read")
	}
	return fmt.Errorf("nothing there that is read: no picture, recording or table among %d files (%s)", len(k.others), k.others[0].Name)
}
