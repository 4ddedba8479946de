package browser

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds dist/ where there is none; a dist/ that is there is measured as it is.
func Build(ctx context.Context, root string, log io.Writer) error {
	if _, err := os.Stat(filepath.Join(root, "dist/index.html")); err == nil {
		return nil
	}
	fmt.Fprintln(log, "browser: the site is not built: make build")
	return Exec(ctx, root, nil, "make", "build")
}

// Exec runs a command in a folder; what it said is part of the error.
func Exec(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("browser: %s %v in %s: %w\n%s", name, args, dir, err, said.String())
	}
	return nil
}
