package protocol

// What the page and the program that writes and reads files of models and certificates say to each other (wasm/take). It is loaded
// when somebody first asks for one.

// TakeRequest is a message to that program: a union, as [Request] is.
type TakeRequest struct {
	Type string `json:"type"` // model | certificate | open | predict | verify

	Taken         *Taken `json:"taken,omitempty" on:"model certificate"`
	Format        string `json:"format,omitempty" on:"model"`                             // onnx | safetensors
	Preprocessing []byte `json:"preprocessing,omitempty" on:"model? certificate?"`        // JSON: how a file or row becomes a record
	Settings      string `json:"settings,omitempty" on:"certificate?"`                    // as the page's address states them
	Day           string `json:"day,omitempty" on:"certificate"`                          // 2026-11-26
	File          []byte `json:"file,omitempty" on:"open verify"`                         // of a model, or of a certificate
	Record        []byte `json:"record,omitempty" on:"predict"`                           // for the model that was opened last
	ID            int    `json:"id,omitempty" on:"model certificate open predict verify"` // echoed in the answer
}

// TakeReply is its answer, a union likewise.
type TakeReply struct {
	Type string `json:"type"` // files | opened | prediction | verdict | refused

	Files      []TakenFile   `json:"files,omitempty" on:"files"`
	Opened     *OpenedModel  `json:"opened,omitempty" on:"opened"`
	Prediction []float64     `json:"prediction,omitempty" on:"prediction"`
	Verdict    *TakenVerdict `json:"verdict,omitempty" on:"verdict"`
	Message    string        `json:"message,omitempty" on:"refused"` // why, for the person at the page
	ID         int           `json:"id,omitempty" on:"files opened prediction verdict refused"`
}

// TakenFile is a file to hand to the person.
type TakenFile struct {
	Name  string `json:"name"`
	Bytes []byte `json:"bytes"`
}

// OpenedModel is what a model's file says of it.
type OpenedModel struct {
	Title         string   `json:"title"`
	Kind          string   `json:"kind"` // image | table | audio | vector
	Channels      int      `json:"channels"`
	Height        int      `json:"height"`
	Width         int      `json:"width"`
	Classes       []string `json:"classes"`
	Privacy       string   `json:"privacy"`
	Preprocessing []byte   `json:"preprocessing"` // JSON; empty: a record's values are as published
	Parameters    int      `json:"parameters"`
}

// TakenVerdict is what verifying a certificate came to.
type TakenVerdict struct {
	Valid     bool        `json:"valid"`
	Field     string      `json:"field"` // at fault
	Why       string      `json:"why"`
	Statement string      `json:"statement"` // of a valid one
	Upper     string      `json:"upper"`     // worked out anew, as people read it
	Lower     string      `json:"lower"`
	Lines     []TakenLine `json:"lines"` // what it says
}

// TakenLine is a line of a certificate.
type TakenLine struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}
