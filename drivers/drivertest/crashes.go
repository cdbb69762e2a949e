package drivertest

import (
	stdcontext "context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

// The environment that makes the test binary a runner of files instead, which dies
// at a given point.
const (
	childURL   = "DRIVERTEST_URL"
	childFiles = "DRIVERTEST_FILES"
	childDies  = "DRIVERTEST_DIES"
)

// child runs the files.
func child() error {
	url := os.Getenv(childURL)
	dialect, err := drivers.Dialect(url)
	if err != nil {
		return err
	}
	var f files
	if err := json.Unmarshal([]byte(os.Getenv(childFiles)), &f); err != nil {
		return err
	}
	set, err := f.set(dialect)
	if err != nil {
		return err
	}
	db, err := drivers.Open(context(), url)
	if err != nil {
		return err
	}
	o := options(db, set)
	dying := &dying{at: os.Getenv(childDies)}
	o.Observer, o.Progress = dying, dying.progress
	_, err = migrator.New(o).Run(context(), migrator.CmdUp)
	return err
}

// dying kills its own process at a point of a run.
type dying struct{ at string }

func (d *dying) die(point string, file *migrations.Migration, statement int) {
	if d.at == fmt.Sprintf("%s %s %d", point, file.Name, statement) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d *dying) Before(_ stdcontext.Context, _ migrator.Conn, e migrator.Execution) error {
	d.die("before", e.Migration, e.Statement.Ordinal)
	return nil
}

func (d *dying) After(_ stdcontext.Context, _ migrator.Conn, e migrator.Execution) error {
	d.die("after", e.Migration, e.Statement.Ordinal)
	return nil
}

func (d *dying) Committed(_ stdcontext.Context, file *migrations.Migration) error {
	d.die("committed", file, 0)
	return nil
}

func (d *dying) progress(e migrator.Event) {
	switch e.Kind {
	case migrator.FileStarted:
		d.die("started", e.Migration, 0)
	case migrator.FileDone:
		d.die("done", e.Migration, 0)
	case migrator.BackfillMoved:
		d.die("moved", e.Migration, int(e.Rows))
	}
}

// start runs the files in another process, which dies at the point.
func start(t testing.TB, url string, f files, at string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childURL+"="+url, childFiles+"="+string(text), childDies+"="+at)
	var messages strings.Builder
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text := messages.String(); text != "" {
			t.Logf("the runner that died at %q said: %s", at, text)
		}
	})
	return cmd
}

// crashes proves that the next run converges wherever a run was killed.
func (s suite) crashes(t *testing.T) {
	t.Run("kill at every boundary", s.boundaries)
	t.Run("kill in a statement", s.inStatement)
	t.Run("kill at random", s.atRandom)
}

// crashFiles are one file of each way to be run.
func (s suite) crashFiles() files {
	return files{
		"1_whole.pre.sql": "CREATE TABLE log (id bigint PRIMARY KEY, n bigint);\nINSERT INTO log VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0);",
		"2_steps.pre.sql": "-- migrate:transaction none\n" + s.sql("CREATE INDEX CONCURRENTLY IF NOT EXISTS log_n ON log (n);", "CREATE INDEX log_n ON log (n);") +
			"\nINSERT INTO log VALUES (6, 0);\nALTER TABLE log ADD COLUMN m int;\n" + s.sql("DROP INDEX CONCURRENTLY log_n;", "DROP INDEX log_n ON log;") +
			"\nCREATE VIEW seen AS SELECT id FROM log;",
		"3_fill.backfill.sql": "-- migrate:backfill table=log key=id batch=2\nUPDATE log SET n = n + 1 WHERE id > :lo AND id <= :hi;",
		"4_last.post.sql":     "ALTER TABLE log DROP COLUMN m;\n-- migrate:verify\nSELECT id FROM log WHERE n <> 1;",
	}
}

func (s suite) boundaries(t *testing.T) {
	f := s.crashFiles()
	fresh := s.database(t)
	run(t, open(t, fresh), s.load(t, f), migrator.CmdUp)
	want := s.schema(t, fresh)
	var points []string
	for _, m := range s.load(t, f) {
		points = append(points, "started "+m.Name+" 0", "done "+m.Name+" 0", "committed "+m.Name+" 0")
		for i := range m.Statements {
			points = append(points, fmt.Sprintf("before %s %d", m.Name, i+1), fmt.Sprintf("after %s %d", m.Name, i+1))
		}
	}
	points = append(points, "moved 3_fill.backfill.sql 2", "moved 3_fill.backfill.sql 4")
	for _, at := range points {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			url := s.database(t)
			cmd := start(t, url, f, at)
			if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() == 1 {
				t.Fatalf("the runner was not killed: %v", err)
			}
			s.converges(t, url, f, want)
		})
	}
}

// converges runs the files to their end and compares with an uninterrupted run.
func (s suite) converges(t *testing.T, url string, f files, want string) {
	t.Helper()
	db := open(t, url)
	run(t, db, s.load(t, f), migrator.CmdUp)
	if diff := cmp.Diff(want, s.schema(t, url)); diff != "" {
		t.Errorf("the schema differs from the uninterrupted one (-):\n%s", diff)
	}
	if n := db.value("SELECT count(*) FROM log WHERE n = 1"); n != int64(6) {
		t.Errorf("%v of 6 rows were moved exactly once", n)
	}
}

// inStatement kills a runner whose statement waits in the server, which may do it
// all the same once it can.
func (s suite) inStatement(t *testing.T) {
	for name, statement := range map[string]string{
		"alter": "ALTER TABLE t ADD COLUMN m int",
		"index": s.sql("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)", "CREATE UNIQUE INDEX t_n ON t (n)"),
		"write": "UPDATE t SET n = n + 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := s.database(t)
			db, holder := open(t, url), open(t, url)
			db.exec("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)")
			holder.exec(s.sql("BEGIN", "START TRANSACTION"), "UPDATE t SET n = n")
			f := files{"1_a.pre.sql": "-- migrate:transaction none\n-- migrate:lock-timeout 1m\nCREATE TABLE first (n int);\n" + statement + ";\nCREATE TABLE third (n int);"}
			cmd := start(t, url, f, "")
			db.await(s.waiting())
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			holder.exec("ROLLBACK")
			run(t, open(t, url), s.load(t, f), migrator.CmdUp)
			s.ended(t, open(t, url), name)
		})
	}
}

// waiting finds a session of the database that waits for a lock.
func (s suite) waiting() string {
	return s.sql("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
		`SELECT count(*) > 0 FROM information_schema.processlist WHERE db = database() AND id <> connection_id()
		AND (state LIKE 'Waiting for table%' OR info LIKE 'UPDATE t SET n = n + 1%' AND command = 'Query')`)
}

func (s suite) ended(t *testing.T, db session, name string) {
	t.Helper()
	if n := db.value("SELECT count(*) FROM third"); n != int64(0) {
		t.Errorf("the third statement: %v", n)
	}
	switch name {
	case "alter":
		db.exec("INSERT INTO t (id, m) VALUES (2, 2)")
	case "index":
		if _, err := db.Exec(context(), "INSERT INTO t VALUES (2, 1)"); err == nil {
			t.Error("the index is not there, or not unique")
		}
	case "write":
		if n := db.value("SELECT n FROM t"); n != int64(2) {
			t.Errorf("n is %v, want one addition to 1", n)
		}
	}
}

// atRandom kills a run of fifty files until one gets through.
func (s suite) atRandom(t *testing.T) {
	f := files{}
	for i := 1; i <= 50; i++ {
		table := fmt.Sprintf("t%d", i)
		text := fmt.Sprintf("CREATE TABLE %s (id bigint PRIMARY KEY, n int);\nINSERT INTO %[1]s VALUES (1, 0);\nALTER TABLE %[1]s ADD COLUMN m int;", table)
		if i%3 == 0 {
			text += "\n" + s.sql("CREATE INDEX CONCURRENTLY "+table+"_n ON "+table+" (n);", "CREATE INDEX "+table+"_n ON "+table+" (n);")
		}
		if i%5 == 0 {
			text += fmt.Sprintf("\nUPDATE %s SET n = n + 1;", table)
		}
		f[fmt.Sprintf("%d_a.pre.sql", i)] = text
	}
	fresh := s.database(t)
	started := time.Now()
	run(t, open(t, fresh), s.load(t, f), migrator.CmdUp)
	whole := time.Since(started)
	want := s.schema(t, fresh)
	for kills, databases := 0, 1; kills < 20; databases++ {
		url := s.database(t)
		kills += s.killAtRandom(t, url, f, whole, 20-kills)
		db := open(t, url)
		run(t, db, s.load(t, f), migrator.CmdUp)
		if diff := cmp.Diff(want, s.schema(t, url)); diff != "" {
			t.Errorf("the schema differs from the uninterrupted one (-):\n%s", diff)
		}
		countFifty(t, db)
		t.Logf("%d kills, %d databases", kills, databases)
	}
}

// killAtRandom runs the files again and again, killing each run, until one gets
// through or there were enough kills, and returns how many there were.
func (s suite) killAtRandom(t *testing.T, url string, f files, whole time.Duration, enough int) int {
	t.Helper()
	for kills := 0; ; kills++ {
		if kills == enough {
			return kills
		}
		cmd := start(t, url, f, "")
		timer := time.AfterFunc(50*time.Millisecond+rand.N(whole/8), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			return kills
		}
		if code := cmd.ProcessState.ExitCode(); code > 0 {
			t.Fatalf("after %d kills a run failed with code %d", kills, code)
		}
	}
}

func countFifty(t *testing.T, db session) {
	t.Helper()
	for i := 1; i <= 50; i++ {
		want := int64(0)
		if i%5 == 0 {
			want = 1
		}
		if n := db.value(fmt.Sprintf("SELECT sum(n) FROM t%d", i)); fmt.Sprint(n) != fmt.Sprint(want) {
			t.Errorf("n of t%d is %v, want %d", i, n, want)
		}
	}
}
