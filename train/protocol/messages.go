// Package protocol is what a page and a trainer say to each other, and the configuration of a run. It imports nothing of
// ours.
package protocol

//go:generate go run ../internal/tsgen

// The message protocol between a page and a trainer. Every message is one JSON-shaped object with a "type"; requests go
// to the trainer, events come back. `go generate` writes these types as TypeScript (static/src/protocol.ts), so that
// both sides are checked against one source.

// Request is a message from the page: a union, discriminated by Type. The tag `on` of a field lists the types that carry it,
// with a "?" where they may go without; in TypeScript each type is an object of its own.
type Request struct {
	Type string `json:"type"` // boot | open | start | pause | resume | step | stop | save | restore | propose | rehearse | predict | bounds | ledger | budget | spending | export | import | keep | account | audit | replay | take | author

	Wasm    string `json:"wasm,omitempty" on:"boot"`    // always the first message: address of trainer.wasm
	Compute string `json:"compute,omitempty" on:"boot"` // address of the compute worker's script

	Source     *Source          `json:"source,omitempty" on:"open"`
	Config     *Config          `json:"config,omitempty" on:"start propose rehearse replay budget?"` // of a replay: the mechanism is one of Published; of a budget: a plan that it should suit
	Held       bool             `json:"held,omitempty" on:"start?"`                                  // its first step waits for a resume: until its first safepoint is kept
	Checkpoint []byte           `json:"checkpoint,omitempty" on:"restore"`                           // a checkpoint file (Uint8Array in the browser)
	Record     []byte           `json:"record,omitempty" on:"predict"`                               // one record's values, as the dataset's are
	Bounds     *BoundsQuestion  `json:"bounds,omitempty" on:"bounds"`
	Question   *AccountQuestion `json:"question,omitempty" on:"account"`
	Audit      *AuditQuestion   `json:"audit,omitempty" on:"audit"`
	Delta      float64          `json:"delta,omitempty" on:"ledger? spending? budget?"`                                                                    // at which to tell epsilon, where there is no run; a run's own where there is
	Budget     *Budget          `json:"budget,omitempty" on:"budget"`                                                                                      // for the open records; with epsilon 0: none any more
	Ledgers    []byte           `json:"ledgers,omitempty" on:"import"`                                                                                     // a file of ledgers, to merge into this browser's
	Code       string           `json:"code,omitempty" on:"author"`                                                                                        // of a mechanism that somebody wrote
	Port       *MessagePort     `json:"port,omitempty" on:"author"`                                                                                        // to where the code runs and answers
	Run        string           `json:"run,omitempty" on:"keep"`                                                                                           // as [Planned] names it; it need not be the trainer's
	Kept       string           `json:"kept,omitempty" on:"keep"`                                                                                          // what was made of the run's model and kept, such as "checkpoint"
	ID         int              `json:"id,omitempty" on:"propose rehearse predict bounds ledger? budget spending export import account audit replay take"` // echoed in the answer
}

// Source says where a dataset comes from.
type Source struct {
	Kind       string `json:"kind"`                 // "digits" (generated in the tab), "url" (a packed dataset), "own" (packed on the page) or "features" (made on the page, of published records)
	URL        string `json:"url,omitempty"`        // url: absolute address of a packed dataset's folder
	Files      []File `json:"files,omitempty"`      // own, features: the manifest and its shards, by their plain names
	Collection string `json:"collection,omitempty"` // own: the name of the collection that they belong to, and whose ledger they share
}

// File is a file in the page's memory.
type File struct {
	Name string `json:"name"`
	Blob Blob   `json:"blob"`
}

// Event is a message to the page: a union like [Request].
type Event struct {
	Type string `json:"type"` // ready | loading | dataset | planned | ledger | spending | exported | imported | history | step | epoch | state | done | checkpoint | safepoint | proposal | rehearsal | prediction | bounds | account | audit | replay | taken | notice | error | unauthored | unanswered

	Mechanisms []MechanismInfo      `json:"mechanisms,omitempty" on:"ready"` // the catalogue
	Published  []PublishedMechanism `json:"published,omitempty" on:"ready?"` // what can be audited and replayed as published
	Loading    *Loading             `json:"loading,omitempty" on:"loading"`
	Dataset    *DatasetInfo         `json:"dataset,omitempty" on:"dataset"`
	Planned    *Planned             `json:"planned,omitempty" on:"planned done"`
	Ledger     *LedgerTotal         `json:"ledger,omitempty" on:"ledger proposal?"`
	Spending   *Spending            `json:"spending,omitempty" on:"spending?"` // Message says why there is none
	Ledgers    []byte               `json:"ledgers,omitempty" on:"exported?"`  // all of this browser, as a file; Message says why there is none
	Imported   []Merged             `json:"imported,omitempty" on:"imported?"` // what an import did; Message says why it was refused
	History    []Evaluated          `json:"history,omitempty" on:"history"`    // of a restored run, before the checkpoint
	Step       *StepEvent           `json:"step,omitempty" on:"step done"`
	Seconds    int                  `json:"seconds,omitempty" on:"done"` // training time of the whole run
	Epoch      *EpochEvent          `json:"epoch,omitempty" on:"epoch"`
	State      string               `json:"state,omitempty" on:"state"`                     // idle | loading | running | paused | done
	Checkpoint []byte               `json:"checkpoint,omitempty" on:"checkpoint safepoint"` // as asked for; or unasked, at steps that the plan decides and at pauses
	Proposal   *Planned             `json:"proposal,omitempty" on:"proposal?"`              // Message says why there is none
	Rehearsal  *Rehearsal           `json:"rehearsal,omitempty" on:"rehearsal?"`            // none where it could not be or gave way
	Prediction []float64            `json:"prediction,omitempty" on:"prediction?"`          // a probability for each class; Message says why there is none
	Bounds     *BoundsAnswer        `json:"bounds,omitempty" on:"bounds"`
	Answer     *AccountAnswer       `json:"answer,omitempty" on:"account"`
	Audit      *AuditAnswer         `json:"audit,omitempty" on:"audit done?"` // of a run: an auditor watched
	Replay     *ReplayAnswer        `json:"replay,omitempty" on:"replay"`
	Taken      *Taken               `json:"taken,omitempty" on:"taken"`
	Code       string               `json:"code,omitempty" on:"unauthored"`                                                                                              // of the mechanism of a checkpoint, which was refused: whoever runs it hands over an author, after reading it
	ID         int                  `json:"id,omitempty" on:"ledger? spending exported imported proposal rehearsal prediction bounds account audit replay taken error?"` // of the request that this answers, or that failed
	Message    string               `json:"message,omitempty" on:"notice error spending? exported? imported? proposal? rehearsal? prediction? unauthored unanswered"`    // a sentence for the person at the page
	Fatal      bool                 `json:"fatal,omitempty" on:"error?"`                                                                                                 // the trainer has died of it
}

// Loading is progress while a dataset is fetched or generated.
type Loading struct {
	Done  int64  `json:"done"` // bytes, or records when generated
	Total int64  `json:"total"`
	What  string `json:"what"`
}

// DatasetInfo is what is public of a dataset, and a few test samples to show.
type DatasetInfo struct {
	Name       string        `json:"name"`
	Title      string        `json:"title"`
	Channels   int           `json:"channels"`
	Height     int           `json:"height"`
	Width      int           `json:"width"`
	Classes    []string      `json:"classes"`
	Train      int           `json:"train"`
	Test       int           `json:"test"`
	TestPublic bool          `json:"testPublic"` // where not, accuracy on the test split is a noised count, see Planned
	Kind       string        `json:"kind"`       // image | table | audio | vector
	Unit       string        `json:"unit"`       // record | person
	Units      int           `json:"units"`      // N: training records, or persons where these are protected
	Own        bool          `json:"own"`        // of the person's own
	Nobodys    bool          `json:"nobodys"`    // made up: no person is in them, and nothing needs a ledger
	Collection string        `json:"collection"` // what the ledger of the records is called; all data of a collection share one
	Provenance string        `json:"provenance"`
	Encoder    string        `json:"encoder,omitempty"` // which network, trained before on what no guarantee covers, made vectors of the records
	Samples    []SampleImage `json:"samples"`           // from the public test split only
	Models     []string      `json:"models"`            // names of the models that fit this shape
	Presets    []Preset      `json:"presets"`           // settings to start from; the first with a model is that model's default
	Replay     *Config       `json:"replay,omitempty"`  // the benchmark's setting, to train with as published; none where records are not public
}

// Preset is a configuration with a title for people.
type Preset struct {
	Title  string `json:"title"`
	Config Config `json:"config"`
}

// SampleImage is one public test image, channel by channel as uint8.
type SampleImage struct {
	Pixels []byte `json:"pixels"`
	Label  int    `json:"label"`
}

// Planned is the frozen, calibrated plan, known before the first step.
type Planned struct {
	Config          Config    `json:"config"`        // what the run was started with; a restored run brings its own
	Run             string    `json:"run,omitempty"` // its name in the ledger, drawn at random; none before it begins
	Steps           int       `json:"steps"`
	StepsPerEpoch   int       `json:"stepsPerEpoch"`
	SamplingRate    float64   `json:"samplingRate"`
	NoiseMultiplier float64   `json:"noiseMultiplier"` // of the first step
	Courses         Courses   `json:"courses"`
	Segments        string    `json:"segments"`     // what the accountant charges, to ask it about: "sigma:q:steps;..."
	EpsilonUpper    float64   `json:"epsilonUpper"` // of the plan; a run that lost steps, or added noise for rounding, costs no more
	EpsilonLower    float64   `json:"epsilonLower"` // of the plan; 0 where none is known
	Delta           float64   `json:"delta"`
	Relation        string    `json:"relation"` // "add/remove one record"
	Sampler         string    `json:"sampler"`  // "Poisson"
	Bands           int       `json:"bands"`    // steps of a round of correlated noise, the rest of which a break loses; 1: noise is independent
	Parameters      int       `json:"parameters"`
	Workers         int       `json:"workers"`
	AccuracyTimes   int       `json:"accuracyTimes"`        // how often an accuracy on private held-out records is released; paid for in the plan
	AccuracyNoise   float64   `json:"accuracyNoise"`        // standard deviation of the noise on each, as a share of 1
	NoAccuracy      string    `json:"noAccuracy,omitempty"` // why there will be no accuracy, for the person at the page
	Expected        *Expected `json:"expected,omitempty"`   // none where nothing like it was measured
	Private         bool      `json:"private"`
	NotPrivate      string    `json:"notPrivate,omitempty"` // why not, when Private is false
}

// Courses are what changes over the run and is fixed by its plan, at up to 97 steps from the first to the last; empty where
// it stays as it is.
type Courses struct {
	NoiseMultiplier []float64 `json:"noiseMultiplier,omitempty"`
	ClipNorm        []float64 `json:"clipNorm,omitempty"` // none where bounds adapt
	LearningRate    []float64 `json:"learningRate,omitempty"`
}

// Expected is what runs like the planned one reached, from stated facts alone: the kind of records, the model, N, epsilon and the number
// of classes. Other data are easier or harder.
type Expected struct {
	Low     float64         `json:"low"`     // accuracy on the hardest of the measured sets, 0 to 1
	High    float64         `json:"high"`    // on the easiest
	Basis   string          `json:"basis"`   // what was measured, for the person at the page
	Drowned bool            `json:"drowned"` // hardly better than guessing: more records, a smaller model or a larger epsilon would help
	Curve   []ExpectedPoint `json:"curve"`   // the same at other numbers of records
}

// ExpectedPoint is what to expect of so many records.
type ExpectedPoint struct {
	Records int     `json:"records"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// LedgerTotal is what the ledger of the open records said when it was asked, and is right for that moment only: another
// tab may train on the same records. It comes with a plan, before the end of a run, and whenever a page asks.
type LedgerTotal struct {
	Others  float64 `json:"others"`           // epsilon of all other runs together, an upper bound; 0 when there is none
	Total   float64 `json:"total"`            // of those and the run at hand, all of whose plan counts; infinite when there is no such figure
	Delta   float64 `json:"delta"`            // of both
	None    string  `json:"none,omitempty"`   // why there is no total, for the person at the page
	Forgets bool    `json:"forgets"`          // spends are not kept here: what was spent before is unknown
	Budget  *Limit  `json:"budget,omitempty"` // the lifetime budget of the records, where one is set
}

// Budget is what everything on one set of records may cost together, ever.
type Budget struct {
	Epsilon float64 `json:"epsilon"`
	Delta   float64 `json:"delta"`
}

// Limit is what a lifetime budget has left, by a Renyi filter: it holds however later runs are chosen, which LedgerTotal.Total
// does not. Shares are of the whole budget, rounded up; those of different runs do not add up.
type Limit struct {
	Epsilon float64 `json:"epsilon"`
	Delta   float64 `json:"delta"`
	Day     string  `json:"day"`            // when it was set, YYYY-MM-DD
	Others  float64 `json:"others"`         // share that all other runs take
	Total   float64 `json:"total"`          // share of those and the run at hand, all of whose plan counts
	None    string  `json:"none,omitempty"` // why no budget covers what was done, or would be; then nothing more may run
	Room    *Room   `json:"room,omitempty"` // what still fits, where the run at hand does not
}

// Room is what a budget still has room for of a plan that does not fit.
type Room struct {
	Steps        int     `json:"steps"`        // of the plan, at its noise
	StepsEpsilon float64 `json:"stepsEpsilon"` // what these cost alone, rounded down: ask for so much
	Noise        float64 `json:"noise"`        // all of its steps, at this many times its noise; infinite where none suffices
	NoiseEpsilon float64 `json:"noiseEpsilon"` // what that costs alone, rounded down: ask for so much; 0 where no noise suffices
}

// Spending is the history of one set of records, and of the browser's others their names.
type Spending struct {
	Collection string      `json:"collection"`
	Runs       []SpentRun  `json:"runs"` // the oldest first
	Ledger     LedgerTotal `json:"ledger"`
}

// SpentRun is a line of the history.
type SpentRun struct {
	Title      string   `json:"title"`
	On         string   `json:"on"`       // what the records were called
	Day        string   `json:"day"`      // when it began, YYYY-MM-DD; "" where not known
	Segments   string   `json:"segments"` // its plan, as the accountant takes it; "" where it is very long or without noise
	Steps      int      `json:"steps"`    // of the plan
	Charged    int      `json:"charged"`  // steps, at least those that were released; where there is one, all of the plan counts
	Epsilon    float64  `json:"epsilon"`  // of the plan alone, at Delta; 0 where not known
	Delta      float64  `json:"delta"`
	NotPrivate string   `json:"notPrivate,omitempty"`
	Elsewhere  bool     `json:"elsewhere"` // it came with an imported file
	Kept       []string `json:"kept"`      // what was made of its model and kept
}

// Merged is what an import did to the ledger of one set of records.
type Merged struct {
	Collection string `json:"collection"`
	Runs       int    `json:"runs"`   // in the file
	New        int    `json:"new"`    // of them were not known
	Raised     int    `json:"raised"` // of them had spent more there
	Budget     bool   `json:"budget"` // the file's budget was taken over: there was none, or it is the stricter
}

// Rehearsal tells how long a run's parts take, from a few steps on synthetic records.
type Rehearsal struct {
	StepSeconds       float64 `json:"stepSeconds"`
	EvaluationSeconds float64 `json:"evaluationSeconds"` // of the test split, once
}

// StepEvent tells of a released step: at some 200 points of a run that the plan decides, and where a person paused it.
// Everything in it is public or noised, and nothing is a clock: how long steps take tells about the records in them.
type StepEvent struct {
	Step         int      `json:"step"`     // steps done
	Epsilon      float64  `json:"epsilon"`  // spent so far, an upper bound
	ClipNorm     float64  `json:"clipNorm"` // the bound used: sqrt of the sum of squares over groups
	LearningRate float64  `json:"learningRate"`
	Curve        []Spend  `json:"curve,omitempty"`     // since the last event, at steps that the plan alone decides
	Seconds      *float64 `json:"seconds,omitempty"`   // diagnostics only: training time so far
	TrainLoss    *float64 `json:"trainLoss,omitempty"` // diagnostics only: mean over the batch, raw
	Batch        *int     `json:"batch,omitempty"`     // diagnostics only: realised batch size, raw
	Idle         *float64 `json:"idle,omitempty"`      // diagnostics only: share of the training time that compute workers waited
}

// Spend is what the first steps of a run cost, an upper bound.
type Spend struct {
	Step    int     `json:"step"`
	Epsilon float64 `json:"epsilon"`
}

// EpochEvent is an evaluation: on the public test split or, noised, on private held-out records. Of those there is nothing but the accuracy.
type EpochEvent struct {
	Epoch       float64 `json:"epoch"` // epochs done; an evaluation at the end of a run may be amid one
	Step        int     `json:"step"`
	Accuracy    float64 `json:"accuracy"`           // 0 to 1
	StdError    float64 `json:"stdError,omitempty"` // of the accuracy: chance in the records tried and, where noised, the noise
	Noised      bool    `json:"noised,omitempty"`   // on private records, paid for in the plan; a run without noise, which is not private, has none here either
	Loss        float64 `json:"loss"`               // mean cross-entropy; NaN where noised
	Confusion   [][]int `json:"confusion"`          // [true class][predicted class]
	Predictions []int   `json:"predictions"`        // of DatasetInfo.Samples
	Epsilon     float64 `json:"epsilon"`
}

// Evaluated is what an evaluation came to.
type Evaluated struct {
	Epoch    float64 `json:"epoch"`
	Step     int     `json:"step"`
	Accuracy float64 `json:"accuracy"`           // 0 to 1
	StdError float64 `json:"stdError,omitempty"` // as in EpochEvent
	Noised   bool    `json:"noised,omitempty"`
	Loss     float64 `json:"loss"`
	Epsilon  float64 `json:"epsilon"` // that was spent by then, an upper bound
}

// BoundsQuestion asks for bounds of a column of the person's own data, with most of its values between them, found by noised counts that
// their ledger pays for. It needs no open dataset.
type BoundsQuestion struct {
	Collection string  `json:"collection,omitempty"` // that the data will belong to: see Source
	Column     string  `json:"column"`
	Cells      []int64 `json:"cells"`   // see dp.BoundsQuery; private, and for the engine alone
	Units      int     `json:"units"`   // N: rows, or persons
	Unit       string  `json:"unit"`    // record | person
	Epsilon    float64 `json:"epsilon"` // what it may cost
	Delta      float64 `json:"delta"`
}

// BoundsAnswer is what was released.
type BoundsAnswer struct {
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Epsilon float64 `json:"epsilon"` // what it cost, an upper bound; charged
	Few     float64 `json:"few"`     // about so many units, or fewer, lie beyond either
}

// AccountQuestion asks the accountant; it needs no data. Kind says which of the other fields it carries.
type AccountQuestion struct {
	Kind      string  `json:"kind"`                // epsilon | sigma | curve | schedule | steps
	Segments  string  `json:"segments,omitempty"`  // "sigma:q:steps;...", "?" for the unknown sigma; all kinds but steps
	Delta     float64 `json:"delta,omitempty"`     // epsilon, sigma
	Epsilon   float64 `json:"epsilon,omitempty"`   // sigma
	Records   int     `json:"records,omitempty"`   // steps
	BatchSize int     `json:"batchSize,omitempty"` // steps
	Epochs    float64 `json:"epochs,omitempty"`    // steps
}

// AccountAnswer is the accountant's answer; Error is set instead when the question was bad.
type AccountAnswer struct {
	Lower     float64   `json:"lower"` // epsilon, sigma
	Upper     float64   `json:"upper"`
	RDP       float64   `json:"rdp"`
	Sigma     float64   `json:"sigma,omitempty"`     // sigma: of every ?
	Segments  string    `json:"segments,omitempty"`  // epsilon, sigma: what the bounds are of, with its noise, to ask on about
	Schedule  []Segment `json:"schedule,omitempty"`  // schedule: as read
	Rate      float64   `json:"rate,omitempty"`      // steps: the sampling rate
	Steps     int       `json:"steps,omitempty"`     // steps: as training counts them
	Advantage float64   `json:"advantage,omitempty"` // curve: what no attacker exceeds
	FPR       []float64 `json:"fpr,omitempty"`       // curve
	TPR       []float64 `json:"tpr,omitempty"`
	Error     string    `json:"error,omitempty"`
	Segment   int       `json:"segment,omitempty"` // with an error: the segment at fault, from 1
}

// Segment is a stretch of equal steps.
type Segment struct {
	Sigma   float64 `json:"sigma"`   // noise multiplier, or the multiple of the unknown one
	Unknown bool    `json:"unknown"` // it was written with a ?
	Rate    float64 `json:"rate"`
	Steps   int     `json:"steps"`
}

// AuditQuestion asks for a mechanism to be attacked. It needs no data: canaries and stand-ins take the records' place.
type AuditQuestion struct {
	Mechanism string             `json:"mechanism"`        // a name of mechanism.Catalogue or, as published, of dp/replay
	Params    map[string]float64 `json:"params,omitempty"` // the mechanism's own parameters
	Published bool               `json:"published"`        // as the benchmark published it, with the noise that its own accountant chose
	Records   int                `json:"records"`
	BatchSize int                `json:"batchSize"`
	Epochs    int                `json:"epochs"`
	ClipNorm  float64            `json:"clipNorm"`
	Epsilon   float64            `json:"epsilon"` // the claim
	Delta     float64            `json:"delta"`
	Asked     int                `json:"asked,omitempty"` // how often this has been asked, this time included: tests that are repeated are stricter
}

// AuditAnswer tells how an audit goes on and, when it is over, what it found; Error is set instead when it failed.
type AuditAnswer struct {
	Step       int     `json:"step"` // steps that the auditor has seen
	Steps      int     `json:"steps"`
	Guesses    int     `json:"guesses"` // about whether a canary took part
	Correct    int     `json:"correct"`
	Confidence float64 `json:"confidence"`
	Lower      float64 `json:"lower"` // no mechanism with a smaller epsilon guesses so well, at that confidence
	Most       float64 `json:"most"`  // what Lower would be had every guess been right: a larger epsilon is never contradicted
	Privacy    Privacy `json:"privacy"`
	Error      string  `json:"error,omitempty"`
}

// Privacy sets what is claimed of a mechanism's epsilon beside what can be proven.
type Privacy struct {
	Claimed  float64 `json:"claimed"`            // as published: by the benchmark's own formula; sound: what the plan was calibrated to
	Proven   float64 `json:"proven"`             // an upper bound; infinite when there is none
	Why      string  `json:"why"`                // what the proof rests on, or why there is none
	Shuffled float64 `json:"shuffled,omitempty"` // as published: an upper bound for shuffled batches, which the benchmark uses, were all clips public
}

// ReplayAnswer tells how training with a mechanism as published goes on, and how it ended. NotPrivate is never empty.
type ReplayAnswer struct {
	NotPrivate string       `json:"notPrivate"`
	Mechanism  string       `json:"mechanism"` // one of Published
	Step       int          `json:"step"`
	Steps      int          `json:"steps"`
	Epoch      int          `json:"epoch"`    // epochs done
	Accuracy   float64      `json:"accuracy"` // after the last of them, on the public test split, 0 to 1
	Done       bool         `json:"done"`     // the last answer; what the mechanism claims and what can be proven is told then
	Privacy    Privacy      `json:"privacy"`
	Audit      *AuditAnswer `json:"audit,omitempty"` // what an auditor found who watched, when the configuration asked for one
	Error      string       `json:"error,omitempty"`
}

// Taken is all that is needed to take a run's model along, with what is public of it: the program that writes files (train/take) makes them
// of this, and the trainer knows nothing of their formats.
type Taken struct {
	Model      string          `json:"model"`  // a name of nn.ByName
	Params     []byte          `json:"params"` // little-endian float32, as package nn lays them out
	Title      string          `json:"title"`  // of the data
	Kind       string          `json:"kind"`   // image | table | audio | vector
	Shape      []int           `json:"shape"`  // channels, rows, columns
	Float      bool            `json:"float"`  // values are float32, otherwise uint8
	Scale      []float64       `json:"scale"`  // of each channel: the network sees value*scale + shift
	Shift      []float64       `json:"shift"`
	Classes    []string        `json:"classes"`
	Columns    []TakenColumn   `json:"columns"`
	Constants  []TakenConstant `json:"constants"`
	Unit       string          `json:"unit"`    // record | person
	Units      int             `json:"units"`   // N
	HeldOut    int             `json:"heldOut"` // private units held out
	Mechanism  string          `json:"mechanism"`
	Epsilon    float64         `json:"epsilon"` // that was asked for
	Delta      float64         `json:"delta"`
	Rate       float64         `json:"rate"` // q
	Steps      int             `json:"steps"`
	Done       int             `json:"done"`
	Events     []TakenEvent    `json:"events"`     // of the whole plan
	Others     []TakenRun      `json:"others"`     // private runs on the same records that the ledger knows
	OpenRuns   int             `json:"openRuns"`   // others, that are not private
	Forgets    bool            `json:"forgets"`    // see LedgerTotal
	NotPrivate string          `json:"notPrivate"` // why not; empty when it is
	Audit      *AuditAnswer    `json:"audit,omitempty"`
}

// TakenColumn is a column of a table with what was stated of it.
type TakenColumn struct {
	Name       string   `json:"name"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
	Categories []string `json:"categories"`
	From       string   `json:"from"`
}

// TakenConstant says where a constant of the data came from.
type TakenConstant struct {
	What string `json:"what"`
	From string `json:"from"`
}

// TakenEvent is a stretch of equal events of a plan.
type TakenEvent struct {
	Kind  string  `json:"kind"` // poisson | cyclic | count
	Sigma float64 `json:"sigma"`
	Rate  float64 `json:"rate"`
	Bands int     `json:"bands"`
	Times int     `json:"times"`
}

// TakenRun is what another run costs.
type TakenRun struct {
	Unit   string       `json:"unit"` // record | person
	Events []TakenEvent `json:"events"`
}

// PublishedMechanism names a mechanism of dp/replay and the one of the catalogue that keeps what it promises.
type PublishedMechanism struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Sound string `json:"sound"`
}

// Setting describes a field of Config, for forms and addresses.
type Setting struct {
	Key      string   `json:"key"`               // its name in the page's address
	Field    string   `json:"field"`             // its name in Config
	Group    string   `json:"group"`             // model | privacy | training | mechanism | advanced
	Kind     string   `json:"kind"`              // number | choice | switch | mechanism
	Label    string   `json:"label"`             // its name for people
	Why      string   `json:"why"`               // one plain sentence
	Unit     string   `json:"unit,omitempty"`    // of a number; none: it has none
	Min      float64  `json:"min"`               // of a number
	Max      float64  `json:"max"`               // of a number; a dataset may have a lower one
	Default  float64  `json:"default"`           // of a number; presets go before it
	Whole    bool     `json:"whole"`             // it counts
	Optional bool     `json:"optional"`          // it may be left empty
	Choices  []Choice `json:"choices,omitempty"` // of a choice; which models there are hangs on the dataset too
	Paper    string   `json:"paper,omitempty"`
}

// Choice is a value of a setting and its name for people.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// MechanismInfo describes a mechanism of the catalogue. Names compose with "+": one of kind "mechanism" first, then any
// schedules, filters and averaging.
type MechanismInfo struct {
	Name    string           `json:"name"`
	Kind    string           `json:"kind"` // "mechanism", "noise schedule", "clip schedule", "filter" or "averaging"
	Title   string           `json:"title"`
	Family  string           `json:"family,omitempty"` // of kind "mechanism": the group that it is offered in
	Summary string           `json:"summary"`
	Pays    string           `json:"pays"` // what it costs in privacy
	Paper   string           `json:"paper"`
	Params  []MechanismParam `json:"params"`

	LearningRate float64 `json:"learningRate,omitempty"` // where it brings an optimiser of its own: one that suits it
}

// MechanismParam is a number that a mechanism takes.
type MechanismParam struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Default float64  `json:"default"`
	Min     float64  `json:"min"`
	Max     float64  `json:"max"`
	Whole   bool     `json:"whole"`             // it counts or chooses
	Choices []string `json:"choices,omitempty"` // where it chooses: the words of 0, 1, 2 ...
}
