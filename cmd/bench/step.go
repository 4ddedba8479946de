package main

import (
	"context"
	"io"
)

func stepCommand(ctx context.Context, args []string, out, log io.Writer) error { return nil }
