// Package desk is what the page asks of the worker that reads a person's own files: look at what was dropped, read it into a packed
// dataset, make a record of one more file or row. All of it is the owner's own view, and goes to the page alone.
package desk

import (
	"cloister/data"
	"cloister/data/audio"
	"cloister/data/bundle"
	"cloister/data/image"
)

//go:generate go run ../../../train/internal/tsgen

// Request is a message from the page, as JSON: a union, discriminated by Type. The tag `on` of a field lists the types that carry it;
// in TypeScript (static/src/owndata/messages.ts) each is an object of its own. Files come beside it, as Blobs.
type Request struct {
	Type     string   `json:"type"`                           // look | read | record | count
	ID       int      `json:"id" on:"look read record count"` // echoed in every reply
	Settings Settings `json:"settings" on:"look read count"`
	Recipe   *Recipe  `json:"recipe" on:"record"`
	Name     string   `json:"name" on:"record"` // of the file that comes beside it
	Row      []string `json:"row" on:"record"`  // of a table, a text for each column
	Column   string   `json:"column" on:"count"`
}

// Settings are what the person states. The zero value of each leaves it to be proposed.
type Settings struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Kind       string   `json:"kind,omitempty"`
	Classes    []string `json:"classes,omitempty"`
	HeldOut    float64  `json:"heldOut"`        // share
	Key        []byte   `json:"key"`            // 32 bytes, in base64
	Test       string   `json:"test,omitempty"` // names of files that a publisher held out, instead: "*_[0-4].mp3"
	TestPublic bool     `json:"testPublic,omitempty"`

	Labelling   string            `json:"labelling,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"` // by hand: of a file or a folder
	PersonLevel int               `json:"personLevel,omitempty"`
	Shape       [3]int            `json:"shape,omitempty"` // channels, height and width
	Fit         string            `json:"fit,omitempty"`
	Seconds     float64           `json:"seconds,omitempty"`

	Encoding string                  `json:"encoding,omitempty"`
	Dialect  *Dialect                `json:"dialect,omitempty"`
	Label    string                  `json:"label,omitempty"`
	Person   string                  `json:"person,omitempty"`
	Columns  map[string]StatedColumn `json:"columns"` // by name; a column that is not here is as proposed
}

// Dialect is how a file's text is a table.
type Dialect struct {
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	Header    bool   `json:"header"`
	Comma     bool   `json:"comma"`
}

// StatedColumn is what a person states of a table's column.
type StatedColumn struct {
	Low        *float64 `json:"low,omitempty"` // both bounds: a number
	High       *float64 `json:"high,omitempty"`
	Released   bool     `json:"released,omitempty"` // they were not stated, but released by a query that was noised and charged
	Missing    *float64 `json:"missing,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Out        bool     `json:"out,omitempty"` // it is left out
}

// Reply is a message to the page: a union like [Request]. None of its lists is null.
type Reply struct {
	Type     string           `json:"type"` // looked | progress | read | record | counted | refused | failed
	ID       int              `json:"id" on:"looked progress read record counted refused"`
	Look     *Look            `json:"look,omitempty" on:"looked"`
	Progress *Progress        `json:"progress,omitempty" on:"progress"`
	Result   *Result          `json:"result,omitempty" on:"read"`
	Values   []byte           `json:"values,omitempty" on:"record"`  // base64, as the dataset's are
	Damage   []string         `json:"damage,omitempty" on:"record?"` // what was wrong with a recording that could be read
	Counted  *Counted         `json:"counted,omitempty" on:"counted"`
	Message  string           `json:"message,omitempty" on:"refused failed"` // why, for the person at the page
	Skipped  []bundle.Problem `json:"skipped,omitempty" on:"refused?"`       // what could not be read
}

// Counted says where a column's values lie: see [intake.Tally]. It is private, and for the trainer alone, which adds noise.
type Counted struct {
	Cells []int64 `json:"cells"`
	Units int     `json:"units"`
	Unit  string  `json:"unit"` // record | person
}

// Progress is how far reading is.
type Progress struct {
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
	Total   int64 `json:"total"`
}

// Look is what is there, and what would be made of it.
type Look struct {
	Kind    string           `json:"kind"`             // image | table | audio | raw
	Format  string           `json:"format,omitempty"` // of raw
	Files   int              `json:"files"`            // that would be read
	Records int              `json:"records"`
	Classes []string         `json:"classes"`
	Shape   [3]int           `json:"shape"` // of pictures and recordings
	Fit     string           `json:"fit"`
	Seconds float64          `json:"seconds"`
	Folders []string         `json:"folders"` // that the first file lies in: which names a person?
	Places  []string         `json:"places"`  // that can be labelled by hand: folders, and files in none
	Table   *Table           `json:"table,omitempty"`
	Samples []Sample         `json:"samples"`
	Skipped []bundle.Problem `json:"skipped"`
	Needs   string           `json:"needs"` // what must be stated before it can be read
}

// Table is what a table looks like.
type Table struct {
	File    string         `json:"file"`
	Dialect Dialect        `json:"dialect"`
	Guessed bool           `json:"guessed,omitempty"` // its encoding: it is not UTF-8
	Rows    int            `json:"rows"`
	Columns []LookedColumn `json:"columns"`
	Uses    []data.Column  `json:"uses"` // as would be read
}

// LookedColumn is what a column looks like.
type LookedColumn struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // number | category | date | text | empty
	Missing bool     `json:"missing"`
	Texts   []string `json:"texts"` // up to 64; none where there are very many
	Many    bool     `json:"many"`  // there are more
}

// Sample is a record to look at.
type Sample struct {
	File   string    `json:"file"`
	Label  string    `json:"label"`
	Pixels []byte    `json:"pixels,omitempty"` // uint8, as the record holds them
	Floats []float32 `json:"floats,omitempty"`
}

// Result is what was read.
type Result struct {
	Kind       string           `json:"kind"`
	Train      int              `json:"train"`
	Test       int              `json:"test"`
	Persons    int              `json:"persons"`
	Shape      []int            `json:"shape"`
	Classes    []string         `json:"classes"`
	PerClass   []int            `json:"perClass"`
	Duplicates int              `json:"duplicates"`
	Bytes      int64            `json:"bytes"` // packed
	Columns    []data.Column    `json:"columns"`
	Samples    []Sample         `json:"samples"`
	Skipped    []bundle.Problem `json:"skipped"`
	Damaged    []bundle.Problem `json:"damaged"` // recordings that were read, and what was wrong with them
	Recipe     Recipe           `json:"recipe"`
}

// Recipe is how one more file or row becomes a record like those of a dataset.
type Recipe struct {
	Kind    string         `json:"kind"`
	Image   image.Settings `json:"image"`
	Audio   audio.Settings `json:"audio"`
	Columns []data.Column  `json:"columns"`
}
