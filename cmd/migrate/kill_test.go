package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// rowsToMove is how many rows the killed backfill walks over.
const rowsToMove = 1_000_000

// TestKilledBackfillDoesEachRowOnce kills the command again and again while it
// adds 1 to every row, and lets the last run end. Each kill waits until the run
// has committed some more batches, so that the kills meet it at different places.
func TestKilledBackfillDoesEachRowOnce(t *testing.T) {
	conn, cli := killable(t)
	kills := 0
	for ; kills < 6; kills++ {
		run := cli("backfill")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- run.Wait() }()
		before := cursor(t, conn)
		for cursor(t, conn) < before+int64(kills%3+1)*7_000 {
			select {
			case err := <-ended:
				t.Fatalf("run %d ended before it was killed, at key %d: %v", kills, cursor(t, conn), err)
			case <-time.After(time.Duration(kills+1) * time.Millisecond):
			}
		}
		if err := run.Process.Kill(); err != nil {
			t.Fatalf("kill %d: %v", kills, err)
		}
		<-ended
		if wrong := count(t, conn, "SELECT count(*) FROM t WHERE n > 1"); wrong != 0 {
			t.Fatalf("after kill %d: %d rows are done more than once", kills, wrong)
		}
	}
	if done := cursor(t, conn); done >= rowsToMove {
		t.Fatalf("the backfill was over before the last kill: cursor at %d", done)
	}
	if out, err := cli("backfill").CombinedOutput(); err != nil {
		t.Fatalf("the run after the kills: %v\n%s", err, out)
	}
	if wrong := count(t, conn, "SELECT count(*) FROM t WHERE n IS DISTINCT FROM 1"); wrong != 0 {
		t.Errorf("%d of %d rows are not done exactly once", wrong, rowsToMove)
	}
	if n := count(t, conn, "SELECT rows_done FROM migrate_backfills"); n != rowsToMove {
		t.Errorf("the cursor counts %d rows, want %d", n, rowsToMove)
	}
	if n := count(t, conn, "SELECT count(*) FROM migrate_versions WHERE phase = 'backfill' AND state = 'applied'"); n != 1 {
		t.Errorf("%d backfills are applied, want 1", n)
	}
}

// TestKilledDuringPush kills a release while its push runs. It is not known
// whether the push went through, so only its owner can say how to go on.
func TestKilledDuringPush(t *testing.T) {
	for _, pushed := range []bool{true, false} {
		conn, cli := killable(t)
		run := cli("release", "--", "sh", "-c", "echo pushing; cat")
		stdin, err := run.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := run.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stdout, make([]byte, len("pushing\n"))); err != nil {
			t.Fatal(err)
		}
		if err := run.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		stdin.Close() // the push, which outlives its parent, ends now
		if err := run.Wait(); err == nil {
			t.Fatal("the release was not killed")
		}
		var exit *exec.ExitError
		if out, err := cli("release", "--", "true").CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitRefused {
			t.Errorf("a plain release: %v\n%s", err, out)
		}
		args := []string{"release", "--resume", "--", "sh", "-c", "echo again"}
		if pushed {
			args = []string{"release", "--resume", "--pushed"}
		}
		out, err := cli(args...).CombinedOutput()
		if err != nil || strings.Contains(string(out), "again") == pushed {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
		if n := count(t, conn, "SELECT count(*) FROM migrate_releases WHERE state = 'done'"); n != 1 {
			t.Errorf("%d releases are done, want 1", n)
		}
		if wrong := count(t, conn, "SELECT count(*) FROM t WHERE n <> 1"); wrong != 0 {
			t.Errorf("%d rows are not done exactly once", wrong)
		}
	}
}

// killable makes a table of rows and a backfill that is not idempotent, and
// returns a session on the database and the command in the migrations' directory.
func killable(t *testing.T) (*pgx.Conn, func(args ...string) *exec.Cmd) {
	t.Helper()
	url, dir, bin := sandboxtest.Database(t), t.TempDir(), commandDir(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), `CREATE TABLE t AS SELECT g AS id, 0 AS n FROM generate_series(1, 1000000) g;
		ALTER TABLE t ADD PRIMARY KEY (id)`)
	if err != nil {
		t.Fatal(err)
	}
	text := "-- migrate:backfill table=t key=id batch=2000 when=before-push\n" +
		"UPDATE t SET n = n + 1 WHERE id > :lo AND id <= :hi;\n"
	path := filepath.Join(dir, "migrations", "0001_count.backfill.sql")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return conn, func(args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "migrate"), args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DATABASE_URL="+url)
		return cmd
	}
}

// cursor is the last key that is done, 0 before the backfill has begun.
func cursor(t *testing.T, conn *pgx.Conn) int64 {
	t.Helper()
	if count(t, conn, "SELECT count(*) FROM pg_class WHERE relname = 'migrate_backfills'") == 0 {
		return 0
	}
	return count(t, conn, "SELECT coalesce(max(cursor), 0)::bigint FROM migrate_backfills")
}

func count(t *testing.T, conn *pgx.Conn, sql string) int64 {
	t.Helper()
	var n int64
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}
