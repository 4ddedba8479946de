package train

import (
	"context"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// Host is the place a trainer runs in: a browser tab, or a test.
type Host interface {
	// Fetch opens the files of a packed dataset's folder.
	Fetch(folder string) data.Fetch

	// Own opens files that the page handed over.
	Own(files []protocol.File) data.Fetch

	// NewRecords makes an empty place for records of the given size in bytes.
	NewRecords(recordBytes int) Records

	// Compute makes a backend that works on records from NewRecords. notice is told what a person should know.
	Compute(ctx context.Context, work backend.Work, records Records, workers int, notice func(string)) (backend.Backend, error)

	// Workers is how many compute workers a configuration that names 0 gets.
	Workers() int

	// Author meets who answers for a mechanism that somebody wrote, at the other end of a [protocol.MessagePort]. lost hears when nobody
	// does any more.
	Author(port any, lost func(error)) (mechanism.Author, error)

	// Ledgers is where spends are recorded. A store that forgets ends with the trainer, and knows of nothing before it.
	Ledgers() (store ledger.Store, forgets bool, err error)
}

// Records is where a dataset's records are kept while it is open. Records arrive shard by shard, in order.
type Records interface {
	Append(split backend.Split, records backend.Records) error
}
