package intake

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/table"
)

// Labelling is how files say their classes.
type Labelling string

const (
	ByFolder Labelling = "folder" // a folder per class
	ByName   Labelling = "name"   // cat_1.png is a cat
	ByTable  Labelling = "table"  // labels.csv: file, label
	ByHand   Labelling = "hand"   // Options.Labels
)

// labelled is a file and its class's name.
type labelled struct {
	bundle.File
	label, person string
}

// label gives files their labels, by the way that was stated or the first that gives two classes. Files without one become problems.
func (p *Proposal) label(ctx context.Context, files []bundle.File, labels *bundle.File) ([]labelled, error) {
	root := commonFolder(files)
	ways := []Labelling{ByFolder, ByName}
	if labels != nil {
		ways = []Labelling{ByTable}
	}
	if len(p.options.Labels) > 0 {
		ways = []Labelling{ByHand}
	} else if p.options.Labelling != "" {
		ways = []Labelling{p.options.Labelling}
	}
	for _, way := range ways {
		var of func(bundle.File) string
		without := "it lies in no class's folder"
		switch way {
		case ByFolder:
			of = byFolder(files, root, p.options.PersonLevel)
		case ByName:
			of, without = byName, "its name does not begin with a label and _"
		case ByTable:
			if labels == nil {
				return nil, errors.New("no labels.csv beside the files")
			}
			listed, err := byTable(ctx, *labels)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", labels.Name, err)
			}
			of, without = listed, "not in "+path.Base(labels.Name)
		case ByHand:
			of, without = p.byHand, "nobody said what it is"
		default:
			return nil, fmt.Errorf("labels by %q: want %q, %q or %q", way, ByFolder, ByName, ByTable)
		}
		if all, left := p.apply(files, root, of, without); len(ways) == 1 || p.classes(all) > 1 {
			p.Skipped = append(p.Skipped, left...)
			return all, nil
		}
	}
	return nil, errors.New("no classes: want a folder for each, names such as cat_1.png, or a labels.csv with file and label")
}

func (p *Proposal) apply(files []bundle.File, root string, of func(bundle.File) string, without string) (all []labelled, left []bundle.Problem) {
	for _, f := range files {
		l := labelled{File: f, label: of(f)}
		level := p.options.PersonLevel
		switch folders := foldersBelow(f.Name, root); {
		case l.label == "":
			left = append(left, bundle.Problem{File: f.Name, Reason: without})
			continue
		case len(p.options.Classes) > 0 && !slices.Contains(p.options.Classes, l.label):
			left = append(left, bundle.Problem{File: f.Name, Reason: fmt.Sprintf("its label %.40q is not one of the classes", l.label)})
			continue
		case level > len(folders):
			left = append(left, bundle.Problem{File: f.Name, Reason: fmt.Sprintf("no folder at level %d says whose it is", level)})
			continue
		case level > 0:
			l.person = folders[level-1]
		}
		all = append(all, l)
	}
	return all, left
}

// classes counts what labels there are, up to one more than there may be.
func (p *Proposal) classes(all []labelled) int {
	names := map[string]bool{}
	for _, l := range all {
		if names[l.label] = true; len(names) > data.MaxClasses {
			break
		}
	}
	return len(names)
}

// commonFolder is the longest folder, with its slash, that all files lie in.
func commonFolder(files []bundle.File) string {
	if len(files) == 0 {
		return ""
	}
	root, _ := path.Split(files[0].Name)
	for _, f := range files {
		for !strings.HasPrefix(f.Name, root) {
			root, _ = path.Split(strings.TrimSuffix(root, "/"))
		}
	}
	return root
}

func foldersBelow(name, root string) []string {
	parts := strings.Split(strings.TrimPrefix(name, root), "/")
	return parts[:len(parts)-1]
}

// splitNames are folders that hold a published split rather than a class. Own data are divided by a key instead, so that the folders
// are looked through.
var splitNames = []string{"train", "training", "test", "testing", "val", "valid", "validation"}

// byFolder takes the first folder below the root, or the second where the first says whose a file is or names a split.
func byFolder(files []bundle.File, root string, personLevel int) func(bundle.File) string {
	level := 0
	if personLevel == 1 {
		level = 1
	}
	splits := len(files) > 0
	for _, f := range files {
		folders := foldersBelow(f.Name, root)
		splits = splits && len(folders) > level+1 && slices.Contains(splitNames, strings.ToLower(folders[level]))
	}
	if splits {
		level++
	}
	return func(f bundle.File) string {
		if folders := foldersBelow(f.Name, root); len(folders) > level {
			return folders[level]
		}
		return ""
	}
}

// Places are up to so many things that a label can be given to by hand: the folders that pictures or recordings lie in, and those of them that
// lie in none.
func Places(b *bundle.Bundle, o Options, most int) (all []string) {
	k := sortKinds(b.Files, o)
	own := k.images
	if k.likely() == data.Audio {
		own = k.recordings
	}
	seen := map[string]bool{}
	for _, f := range own {
		place := path.Dir(f.Name)
		if place == "." {
			place = f.Name
		}
		if seen[place] {
			continue
		}
		if len(all) == most {
			break
		}
		seen[place] = true
		all = append(all, place)
	}
	return all
}

// byHand takes a file's own label, or that of the innermost folder that has one.
func (p *Proposal) byHand(f bundle.File) string {
	for name := f.Name; name != "." && name != "/"; name = path.Dir(name) {
		if label, ok := p.options.Labels[name]; ok {
			return label
		}
	}
	return ""
}

func byName(f bundle.File) string {
	label, _, ok := strings.Cut(path.Base(f.Name), "_")
	if !ok {
		return ""
	}
	return label
}

// byTable reads which file has which label. Files are named as seen from the table's folder, or by their last name alone.
func byTable(ctx context.Context, labels bundle.File) (func(bundle.File) string, error) {
	d, err := table.Sniff(labels.Open, "")
	if err != nil {
		return nil, err
	}
	label, file := 1, 0
	of, first := map[string]string{}, true
	err = table.Rows(ctx, labels.Open, d, func(fields []string) error {
		if len(fields) < 2 {
			return nil
		}
		if first {
			first = false
			if d.Header {
				file, label = columnsOf(fields)
				return nil
			}
		}
		if file < len(fields) && label < len(fields) {
			of[path.Clean(strings.ReplaceAll(strings.TrimSpace(fields[file]), `\`, "/"))] = strings.TrimSpace(fields[label])
		}
		if len(of) > bundle.MaxFiles {
			return fmt.Errorf("more than %d rows", bundle.MaxFiles)
		}
		return nil
	})
	folder, _ := path.Split(labels.Name)
	return func(f bundle.File) string {
		if l, ok := of[strings.TrimPrefix(f.Name, folder)]; ok {
			return l
		}
		return of[path.Base(f.Name)]
	}, err
}

// columnsOf finds the columns of files and labels by their names; unnamed, they are the first and the second.
func columnsOf(header []string) (file, label int) {
	file, label = 0, 1
	for i, h := range header {
		switch strings.ToLower(strings.TrimSpace(h)) {
		case "file", "filename", "file_name", "name", "path", "image", "image_id", "id":
			file = i
		case "label", "class", "category", "target":
			label = i
		}
	}
	if file == label {
		file = 1 - min(label, 1)
	}
	return file, label
}
