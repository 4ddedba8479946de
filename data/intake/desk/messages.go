// Package desk is what the page asks of the worker that reads a person's own files: look at what was dropped, read it into a packed
// dataset, make a record of one more file or row. All of it is the owner's own view, and goes to the page alone.
package desk

import (
	"cloister/data"
	"cloister/data/audio"
	"cloister/data/bundle"
	"cloister/data/image"
)

// Request is a message from the page, as JSON; static/src/owndata/messages.ts has the same types. Type says which of the other fields
// it carries. Files come beside it, as Blobs.
type Request struct {
	Type     string   `json:"type"` // look | read | record
	ID       int      `json:"id"`   // echoed in every reply
	Settings Settings `json:"settings"`
	Recipe   *Recipe  `json:"recipe"` // record
	Name     string   `json:"name"`   // record: of the file that comes beside it
	Row      []string `json:"row"`    // record: of a table, a text for each column
}

// Settings are what the person states. The zero value of each leaves it to be proposed.
type Settings struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Kind       string   `json:"kind"`
	Classes    []string `json:"classes"`
	HeldOut    float64  `json:"heldOut"` // share
	Key        []byte   `json:"key"`     // 32 bytes, in base64
	TestPublic bool     `json:"testPublic"`

	Labelling   string            `json:"labelling"`
	Labels      map[string]string `json:"labels"` // by hand: of a file or a folder
	PersonLevel int               `json:"personLevel"`
	Shape       [3]int            `json:"shape"`
	Fit         string            `json:"fit"`
	Seconds     float64           `json:"seconds"`

	Encoding string            `json:"encoding"`
	Dialect  *Dialect          `json:"dialect"`
	Label    string            `json:"label"`
	Person   string            `json:"person"`
	Columns  map[string]Column `json:"columns"` // by name; a column that is not here is as proposed
}

// Dialect is how a file's text is a table.
type Dialect struct {
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	Header    bool   `json:"header"`
	Comma     bool   `json:"comma"`
}

// Column is what a person states of a table's column.
type Column struct {
	Low        *float64 `json:"low"` // both bounds: a number
	High       *float64 `json:"high"`
	Missing    *float64 `json:"missing"`
	Categories []string `json:"categories"`
	Out        bool     `json:"out"` // it is left out
}

// Reply is a message to the page.
type Reply struct {
	Type     string           `json:"type"` // looked | progress | read | record | refused
	ID       int              `json:"id"`
	Look     *Look            `json:"look,omitempty"`
	Progress *Progress        `json:"progress,omitempty"`
	Result   *Result          `json:"result,omitempty"`
	Values   []byte           `json:"values,omitempty"`  // record: base64, as the dataset's are
	Message  string           `json:"message,omitempty"` // refused: why, for the person at the page
	Skipped  []bundle.Problem `json:"skipped,omitempty"` // refused: what could not be read
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
	Format  string           `json:"format,omitempty"` // raw: which
	Files   int              `json:"files"`            // that would be read
	Records int              `json:"records"`
	Classes []string         `json:"classes"`
	Shape   [3]int           `json:"shape"` // of pictures and recordings
	Fit     string           `json:"fit"`
	Seconds float64          `json:"seconds"`
	Folders []string         `json:"folders"` // that the first file lies in: which names a person?
	Table   *Table           `json:"table,omitempty"`
	Samples []Sample         `json:"samples"`
	Skipped []bundle.Problem `json:"skipped"`
	Needs   string           `json:"needs"` // what must be stated before it can be read
}

// Table is what a table looks like.
type Table struct {
	File    string        `json:"file"`
	Dialect Dialect       `json:"dialect"`
	Rows    int           `json:"rows"`
	Columns []Looks       `json:"columns"`
	Uses    []data.Column `json:"uses"` // as would be read
}

// Looks is what a column looks like.
type Looks struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // number | category | date | text | empty
	Missing bool     `json:"missing"`
	Texts   []string `json:"texts"` // the first, of up to 64
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
	Recipe     Recipe           `json:"recipe"`
}

// Recipe is how one more file or row becomes a record like those of a dataset.
type Recipe struct {
	Kind    string         `json:"kind"`
	Image   image.Settings `json:"image"`
	Audio   audio.Settings `json:"audio"`
	Columns []data.Column  `json:"columns"`
}
