package train

import (
	"errors"
	"fmt"
	"testing"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("train: Batch size is 0, want 1 to 9 records"), "Batch size is 0, want 1 to 9 records"},
		{fmt.Errorf("train: step 3: %w", errors.New("backend: a worker is lost")), "Step 3: a worker is lost"},
		{errors.Join(errors.New("dp: one"), errors.New("ledger: train: two")), "One\nTwo"},
		{errors.New("shard 0: checksum mismatch"), "Shard 0: checksum mismatch"},
		{errors.New("ε: is a letter"), "Ε: is a letter"},
		{errors.New(""), ""},
	} {
		if got := Words(c.err); got != c.want {
			t.Errorf("%q became %q, want %q", c.err, got, c.want)
		}
	}
}
