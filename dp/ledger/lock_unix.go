//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock waits for a file's lock, shared or exclusive. It holds against other processes, and against other descriptors of
// this one, until the file is closed.
func lock(file *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for {
		if err := unix.Flock(int(file.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}
