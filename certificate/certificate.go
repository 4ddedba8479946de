// Package certificate states what a training run promises of its records' privacy, as a file that others can check: the events that
// the promise follows from, both bounds, what is not protected, and what else was spent on the same records. Verifying works
// the bounds out anew.
//
// Names are those of the deployments registry of OpenDP (github.com/opendp/deployments-registry-data) where it has one. NIST SP 800-226,
// "Guidelines for Evaluating Differential Privacy Guarantees", says what a claim must state. A certificate holds no hash of data, no
// time finer than a day, and nothing that private records decided but what was released and charged.
package certificate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Certificate is the file's content. Fields that have but one right value, given the others, are written by [Certificate.Complete].
type Certificate struct {
	Format          string          `json:"format"`  // Format
	Version         int             `json:"version"` // Version
	Statement       string          `json:"statement"`
	Caveat          string          `json:"caveat"`
	NotPrivate      string          `json:"not_private,omitempty"` // why the run promises nothing
	Basic           Basic           `json:"basic"`
	DPVariant       DPVariant       `json:"dp_variant"`
	PrivacyLoss     PrivacyLoss     `json:"privacy_loss"`
	DeploymentModel DeploymentModel `json:"deployment_model"`
	Accounting      Accounting      `json:"accounting"`
	Implementation  Implementation  `json:"implementation"`
	Model           Model           `json:"model"`
	Audit           *Audit          `json:"audit"` // null: nobody watched
}

// Basic says what it is about.
type Basic struct {
	Name            string `json:"name"`
	DataProductType string `json:"data_product_type"`
	PublicationDate string `json:"publication_date"` // the day: 2026-11-26
}

// DPVariant says which kind of privacy, of what.
type DPVariant struct {
	Name                  string      `json:"name"`
	DataDomain            string      `json:"data_domain"`
	UnprotectedQuantities string      `json:"unprotected_quantities"` // in words
	Unprotected           Unprotected `json:"unprotected"`
}

// Unprotected is what was taken to be public.
type Unprotected struct {
	Units        int        `json:"units"`          // N: records, or persons
	HeldOutUnits int        `json:"held_out_units"` // private too; their number is public
	Classes      []string   `json:"classes"`
	RecordKind   string     `json:"record_kind"`  // image, table, audio or vector
	RecordShape  [3]int     `json:"record_shape"` // channels, rows, columns
	Constants    []Constant `json:"constants"`
	Columns      []Column   `json:"columns"` // of a table
}

// Constant is something about all records, and where it came from.
type Constant struct {
	What string `json:"what"`
	From string `json:"from"` // stated, fixed, publisher, confirmed, released or pretrained
}

// Column is a column of a table with what was stated of it.
type Column struct {
	Name       string   `json:"name"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
	Categories []string `json:"categories"` // none: a column of numbers
	From       string   `json:"from"`
}

// PrivacyLoss is the promise.
type PrivacyLoss struct {
	PrivacyUnit            string            `json:"privacy_unit"` // record or person
	PrivacyUnitDescription string            `json:"privacy_unit_description"`
	PrivacyParameters      PrivacyParameters `json:"privacy_parameters"`
	EpsilonLower           *float64          `json:"epsilon_lower"`  // no smaller epsilon is true; null: no bound is known
	TargetEpsilon          float64           `json:"target_epsilon"` // that the noise was chosen for
}

// PrivacyParameters are the upper bound and its delta.
type PrivacyParameters struct {
	Epsilon *float64 `json:"epsilon"` // null: there is no promise
	Delta   float64  `json:"delta"`
}

// DeploymentModel says who has to be trusted.
type DeploymentModel struct {
	ModelName      string `json:"model_name"`
	Actors         string `json:"actors"`
	ReleaseType    string `json:"release_type"`
	DataSourceType string `json:"data_source_type"`
	AccessType     string `json:"access_type"`
}

// Accounting says what the bounds are of.
type Accounting struct {
	PostProcessing string   `json:"post_processing"`
	Composition    string   `json:"composition"`
	Sampler        string   `json:"sampler"`
	BatchSize      float64  `json:"batch_size"` // expected
	Steps          int      `json:"steps"`      // planned, all of which count
	StepsDone      int      `json:"steps_done"`
	Events         []Event  `json:"events"`
	Together       Together `json:"together"`
}

// Together is what all runs on these records come to, as the ledger stood.
type Together struct {
	OtherRuns      []Run    `json:"other_runs"`       // that charged a step; each counts as a whole
	NotPrivateRuns int      `json:"not_private_runs"` // others that no epsilon covers
	LedgerForgets  bool     `json:"ledger_forgets"`   // what was spent before is unknown
	Epsilon        *float64 `json:"epsilon"`          // of all of them and this run, at this delta; null: there is none
	Condition      string   `json:"condition"`
}

// Run is another run on the same records.
type Run struct {
	PrivacyUnit string  `json:"privacy_unit"`
	Events      []Event `json:"events"`
}

// Implementation says how it was done.
type Implementation struct {
	Tuning     string `json:"pre_processing_eda_hyperparameter_tuning"`
	Mechanisms string `json:"mechanisms"`
	Mechanism  string `json:"mechanism"` // by name
	Settings   string `json:"settings"`  // as a link to the page states them
	Software   string `json:"software"`  // with its version
}

// Model is what the promise is about.
type Model struct {
	Architecture string `json:"architecture"`
	Parameters   int    `json:"parameters"`
	Files        []File `json:"files"`
}

// File is a form in which the model was handed out.
type File struct {
	Format string `json:"format"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// Audit is what an attacker found who saw every step.
type Audit struct {
	StepsSeen    int     `json:"steps_seen"`
	Guesses      int     `json:"guesses"` // whether a canary took part
	Correct      int     `json:"correct"`
	Confidence   float64 `json:"confidence"`
	EpsilonLower float64 `json:"epsilon_lower"` // no mechanism with a smaller epsilon guesses so well, at that confidence
	Most         float64 `json:"most"`          // what that would be, had all guesses been right
}

// Limits of a file.
const (
	MaxFileBytes = 16 << 20
	maxText      = 1 << 16
	maxList      = 1 << 16
)

// Encode writes the file.
func (c *Certificate) Encode() ([]byte, error) {
	if f := c.check(); f != nil {
		return nil, fmt.Errorf("certificate: %w", f)
	}
	var b bytes.Buffer
	if err := encoder(&b).Encode(c); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if b.Len() > MaxFileBytes {
		return nil, fmt.Errorf("certificate: %d bytes, at most %d", b.Len(), MaxFileBytes)
	}
	return b.Bytes(), nil
}

func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e
}

// Decode reads a file's structure; what it claims is for [Verify]. Spaces aside there is one way to write a certificate: a field that
// stands there twice, in another case or under another name would be one thing to a reader and another to a program.
func Decode(file []byte) (*Certificate, error) {
	c, err := decode(file)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return c, nil
}

func decode(file []byte) (*Certificate, error) {
	if len(file) > MaxFileBytes {
		return nil, fmt.Errorf("%d bytes, at most %d", len(file), MaxFileBytes)
	}
	if !utf8.Valid(file) {
		return nil, errors.New("it is not UTF-8 text")
	}
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	c := new(Certificate)
	if err := d.Decode(c); err != nil {
		return nil, err
	}
	var again, have, want bytes.Buffer
	err := errors.Join(encoder(&again).Encode(c), json.Compact(&have, file), json.Compact(&want, again.Bytes()))
	if err != nil {
		return nil, err
	}
	if at := differ(have.Bytes(), want.Bytes()); at >= 0 {
		return nil, fmt.Errorf("it is written in another way than this program writes it, from %q on", have.Bytes()[max(0, at-30):min(have.Len(), at+30)])
	}
	return c, nil
}

// differ is the first place where two texts differ, -1 where none is.
func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
