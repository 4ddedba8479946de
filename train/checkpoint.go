package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"cloister/dp"
	"cloister/nn"
	"cloister/train/protocol"
)

//go:generate go run github.com/tinylib/msgp -file checkpoint.go -o checkpoint_gen.go -tests=false -io=false
//msgp:limit arrays:16 maps:64

// Checkpoint is a run between two steps. Its byte strings alias the file that it was decoded from, so that a length in
// a broken header cannot make it allocate more than the file has. It holds what was released and what follows from it; of a private run it
// holds no random state, no sample and no past noise, so that whoever finds the file learns nothing more; nor a hash of
// the records, with which anybody who knows all of them but one could try who that one is, nor how long steps took.
type Checkpoint struct {
	Config  protocol.Config `msg:"config"`
	Dataset string          `msg:"dataset"` // its title
	DataKey string          `msg:"data"`    // of the records that the run trains on; empty in a private run

	Plan   dp.Spec  `msg:"plan"`
	Engine dp.State `msg:"engine"`

	Params    []byte         `msg:"params,zerocopy,limit=1073741824"` // little-endian float32
	Optimizer OptimizerState `msg:"optimizer"`
	Average   []byte         `msg:"average,zerocopy,limit=1073741824"` // of parameters, where the mechanism has one
	Seconds   float64        `msg:"seconds"`                           // of training so far; 0 in a private run
	History   []Evaluated    `msg:"history,limit=16384"`               // on the public test split; none in older files
}

// OptimizerState is an optimiser's memory as a checkpoint holds it.
type OptimizerState struct {
	Steps   int    `msg:"steps"`
	Vectors []byte `msg:"vectors,zerocopy,limit=1073741824"` // little-endian float32, one after the other
}

// Evaluated is an evaluation on the public test split as a checkpoint keeps it: a point of the run's curves.
type Evaluated struct {
	Step     int     `msg:"step"`
	Accuracy float64 `msg:"accuracy"` // 0 to 1
	Loss     float64 `msg:"loss"`
}

// A checkpoint file is a magic whose last byte is the format's version, the payload's length as a little-endian uint32,
// the payload's SHA-256, and the payload: a Checkpoint as MessagePack.
const (
	checkpointMagic = "CLCKPT\x00\x01"
	checkpointHead  = len(checkpointMagic) + 4 + sha256.Size
	maxCheckpoint   = 1 << 28
)

// Encode writes the checkpoint's file.
func (c *Checkpoint) Encode() ([]byte, error) {
	file := make([]byte, checkpointHead, checkpointHead+c.Msgsize())
	file, err := c.MarshalMsg(file)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	payload := file[checkpointHead:]
	if len(payload) > maxCheckpoint {
		return nil, fmt.Errorf("train: checkpoint of %d bytes, at most %d", len(payload), maxCheckpoint)
	}
	copy(file, checkpointMagic)
	binary.LittleEndian.PutUint32(file[len(checkpointMagic):], uint32(len(payload)))
	sum := sha256.Sum256(payload)
	copy(file[len(checkpointMagic)+4:], sum[:])
	return file, nil
}

// DecodeCheckpoint reads a checkpoint's file. It checks the file alone; a Proposal checks that it fits a dataset.
func DecodeCheckpoint(file []byte) (*Checkpoint, error) {
	c, err := decodeCheckpoint(file)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	return c, nil
}

func decodeCheckpoint(file []byte) (*Checkpoint, error) {
	const at = len(checkpointMagic)
	if len(file) < checkpointHead {
		return nil, fmt.Errorf("%d bytes are too few for a checkpoint file", len(file))
	}
	if !bytes.Equal(file[:at-1], []byte(checkpointMagic[:at-1])) {
		return nil, fmt.Errorf("the file does not start as a checkpoint does but with %q", file[:at-1])
	}
	if file[at-1] != checkpointMagic[at-1] {
		return nil, fmt.Errorf("version %d of the format, this program reads version %d", file[at-1], checkpointMagic[at-1])
	}
	payload := file[checkpointHead:]
	if n := binary.LittleEndian.Uint32(file[at:]); int64(n) != int64(len(payload)) || n > maxCheckpoint {
		return nil, fmt.Errorf("truncated or extended: %d bytes of content, the header says %d", len(payload), n)
	}
	if sha256.Sum256(payload) != [sha256.Size]byte(file[at+4:checkpointHead]) {
		return nil, errors.New("checksum mismatch: the file is damaged")
	}
	c := new(Checkpoint)
	rest, err := c.UnmarshalMsg(payload)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes behind the end")
	}
	if err == nil {
		err = c.check()
	}
	return c, err
}

// check bounds what does not depend on a dataset.
func (c *Checkpoint) check() error {
	switch {
	case c.Engine.Step < 0 || c.Engine.Step > c.Plan.Steps:
		return fmt.Errorf("step %d of %d", c.Engine.Step, c.Plan.Steps)
	case !(c.Seconds >= 0 && c.Seconds < 1e10):
		return fmt.Errorf("%v seconds of training", c.Seconds)
	case checkHistory(c.History, c.Engine.Step) != nil:
		return checkHistory(c.History, c.Engine.Step)
	case c.Engine.Random != nil && c.Config.Seed == nil:
		return errors.New("random state in a run that is not marked reproducible")
	}
	_, err := decodeFloats(c.Params)
	return err
}

// Parameters travel as bytes: their length is bounded by the file's, whatever a broken header claims.

func decodeFloats(b []byte) ([]float32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("parameters of %d bytes, want a multiple of 4", len(b))
	}
	values := nn.Floats(b)
	for i, x := range values {
		if x-x != 0 {
			return nil, fmt.Errorf("parameter %d is %v", i, x)
		}
	}
	return values, nil
}
