package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// snapshotCmd is `shop snapshot`.
type snapshotCmd struct {
	URL  string `help:"Database to dump." env:"DATABASE_URL" required:""`
	File string `arg:"" help:"File to write."`
}

// Run dumps with pg_dump, which must be of the server's version or newer.
func (c *snapshotCmd) Run(ctx context.Context) error {
	program, err := exec.LookPath("pg_dump")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
		if len(found) == 0 {
			return errors.New("snapshot: pg_dump is not installed")
		}
		program = found[len(found)-1]
	}
	cmd := exec.CommandContext(ctx, program, "--format=custom", "--file="+c.File, "--dbname="+c.URL)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}
