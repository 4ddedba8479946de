package ledger

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock waits for a file's lock, shared or exclusive, which holds until the file is closed.
func lock(file *os.File, exclusive bool) error {
	var flags uint32
	if exclusive {
		flags = windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, math.MaxUint32, math.MaxUint32, new(windows.Overlapped))
}
