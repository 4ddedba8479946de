//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows || js)

package ledger

import (
	"errors"
	"os"
)

// lock has no form here: a ledger that two processes could damage is not kept.
func lock(*os.File, bool) error { return errors.ErrUnsupported }
