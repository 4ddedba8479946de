package train

// Measured is one measured run of a preset on public data.
type Measured struct {
	Kind      string  `json:"kind"` // of the records: data.Image ...
	Data      string  `json:"data"` // name of the public set
	Classes   int     `json:"classes"`
	Model     string  `json:"model"`
	Records   int     `json:"records"`
	Epsilon   float64 `json:"epsilon"`
	Delta     float64 `json:"delta"`
	BatchSize int     `json:"batchSize"`
	Epochs    float64 `json:"epochs"`
	Seed      uint64  `json:"seed"`
	Accuracy  float64 `json:"accuracy"` // on public test records, 0 to 1
}

// Same tells whether two rows are of the same run.
func (m Measured) Same(o Measured) bool {
	return m.Data == o.Data && m.Model == o.Model && m.Records == o.Records && m.Epsilon == o.Epsilon && m.Seed == o.Seed
}
