// Serve serves the built site on this machine, as a careful host would: right types, precompressed files, caching by
// content, the site's own security policy, and nothing from outside the folder.
//
//	serve [-addr 127.0.0.1:8080] [-dir dist]
//	serve -compress dist      write .br and .gz beside each file that gains by it, then stop
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on; port 0 takes any free one")
	dir := flags.String("dir", "dist", "folder to serve")
	compress := flags.String("compress", "", "compress the files of this folder instead of serving")
	cache := flags.String("cache", "build/compressed", "with -compress: where results are kept between builds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("serve: unknown argument %q", flags.Arg(0))
	}
	if *compress != "" {
		return compressFolder(ctx, *compress, *cache)
	}
	site, err := openSite(*dir)
	if err != nil {
		return err
	}
	defer site.Close()
	return serve(ctx, *addr, site, out)
}

// shutdownTime is how long requests that are under way may take once the server is asked to stop.
const shutdownTime = 5 * time.Second

// serve answers requests until the context ends.
func serve(ctx context.Context, addr string, handler http.Handler, out io.Writer) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w (choose another address with -addr)", err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // a large dataset over a slow link
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	fmt.Fprintf(out, "Cloister is at http://%s/ (Ctrl-C stops)\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := server.Shutdown(drain); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	} else if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
