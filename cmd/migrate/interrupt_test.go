package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// A rehearsal that is interrupted at any moment, also by a Ctrl-C that arrives
// twice, leaves neither a server nor a folder.
func TestInterruptedRehearsalLeavesNothing(t *testing.T) {
	dump := smallDump(t)
	bin := commandDir(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "migrations", "0001_a.pre.sql"), "ALTER TABLE t ADD COLUMN a int; SELECT pg_sleep(2);")
	for _, after := range []time.Duration{50, 300, 700, 1200, 2000} {
		after *= time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			cache := enterable(t)
			cmd := exec.Command(filepath.Join(bin, "migrate"), "rehearse", "--engine", "local", dump)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "MIGRATE_CACHE="+cache)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after)
			for range 2 {
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // the exit code is looked at
			// Before the handler stands, the first moments, a signal ends the process by itself.
			if code := cmd.ProcessState.ExitCode(); code != exitFailed && after > 50*time.Millisecond {
				t.Errorf("exit code %d, want %d: %s", code, exitFailed, &stderr)
			}
			if after > 50*time.Millisecond && !strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("it does not say that it was interrupted: %s", &stderr)
			}
			left, _ := filepath.Glob(filepath.Join(cache, "sandboxes", "*"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if out, _ := exec.Command("pgrep", "-f", cache).Output(); len(out) > 0 {
				t.Errorf("processes are left: %s", out)
			}
		})
	}
}

// smallDump is a snapshot with a table t.
func smallDump(t *testing.T) string {
	t.Helper()
	url := sandboxtest.Database(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "small.dump")
	if err := sandboxtest.Server(t).Dump(t.Context(), conn.Config().Database, path); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return path
}

// enterable is a folder that the server's own account may enter.
func enterable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "migrate-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(fmt.Errorf("clean up: %w", err))
		}
	})
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
