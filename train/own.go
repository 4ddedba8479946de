package train

import (
	"context"
	"errors"

	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// ownCollection names the one ledger of all data of a person's own, whatever they call them: renaming resets nothing. No packed set can
// have this name, for its space.
const ownCollection = "own data"

// openOwn opens what the page packed of a person's own files: a manifest and its shards.
func openOwn(ctx context.Context, host Host, files []protocol.File, progress func(protocol.Loading)) (*Dataset, error) {
	if len(files) == 0 {
		return nil, errors.New("train: the source holds no files")
	}
	d, err := fetchDataset(ctx, host, host.Own(files), progress)
	if err != nil {
		return nil, err
	}
	d.own, d.public, d.Key = true, false, ledger.DataKey([]byte(ownCollection))
	return d, nil
}
