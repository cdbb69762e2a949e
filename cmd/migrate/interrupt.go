package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long after a first signal further ones are taken for echoes of
// it: wrappers such as timeout(1) and npm signal a process and its group, so that
// one Ctrl-C arrives twice.
const patience = 2 * time.Second

// interruptible returns a context that a first Ctrl-C or SIGTERM cancels, which
// begins the clean-up. Another one after some patience ends the process at once.
func interruptible(stderr io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var first time.Time
		for range signals {
			switch {
			case first.IsZero():
				first = time.Now()
				fmt.Fprintln(stderr, "migrate: stopping and cleaning up")
				cancel()
			case time.Since(first) > patience:
				os.Exit(exitFailed)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
