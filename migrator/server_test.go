package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// childURL and childFile make the test binary a runner of one file instead, so
// that a test can kill it.
const childURL, childFile = "MIGRATOR_TEST_URL", "MIGRATOR_TEST_FILE"

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := child(url, os.Getenv(childFile)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	sandboxtest.Main(m)
}

func child(url, text string) error {
	ctx := context.Background()
	db, err := drivers.Open(ctx, url)
	if err != nil {
		return err
	}
	set, err := migrations.Load(fstest.MapFS{"1_a.pre.sql": {Data: []byte(text)}}, "m", sqltext.Postgres)
	if err != nil {
		return err
	}
	_, err = migrator.New(options(db, set)).Run(ctx, migrator.CmdUp)
	return err
}

func options(db migrator.Database, set migrations.Set) migrator.Options {
	return migrator.Options{DB: db, Set: set, Log: slog.New(slog.DiscardHandler), LockTimeout: migrator.DefaultLockTimeout,
		LockBudget: migrator.DefaultLockBudget, Wait: migrator.DefaultWait, Who: "test"}
}

func open(t *testing.T, url string) migrator.Database {
	t.Helper()
	db, err := drivers.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

// load makes a set of name, text, name, text...
func load(t *testing.T, namesAndTexts ...string) migrations.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for i := 0; i < len(namesAndTexts); i += 2 {
		fsys[namesAndTexts[i]] = &fstest.MapFile{Data: []byte(namesAndTexts[i+1])}
	}
	set, err := migrations.Load(fsys, "m", sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func execute(t *testing.T, db migrator.Database, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// value is the only value that the query returns.
func value(t *testing.T, db migrator.Database, sql string) any {
	t.Helper()
	rows, err := db.Query(t.Context(), sql)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%s: %v, %v", sql, rows, err)
	}
	return rows[0][0]
}

// await asks until the query answers true.
func await(t *testing.T, db migrator.Database, sql string) {
	t.Helper()
	for value(t, db, sql) != true {
		if err := t.Context().Err(); err != nil {
			t.Fatalf("%s stays false: %v", sql, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func run(t *testing.T, db migrator.Database, set migrations.Set, commands ...migrator.Command) {
	t.Helper()
	for _, cmd := range commands {
		if _, err := migrator.New(options(db, set)).Run(t.Context(), cmd); err != nil {
			t.Fatalf("%s: %v", cmd, err)
		}
	}
}

func TestRunVerifyBlocksPostAndNamesRows(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id bigint PRIMARY KEY, a text)")
	set := load(t, "1_b.pre.sql", "ALTER TABLE t ADD COLUMN b text;\n-- migrate:verify\nSELECT id FROM t WHERE b IS DISTINCT FROM a ORDER BY id;",
		"1_b.post.sql", "ALTER TABLE t DROP COLUMN a;")
	run(t, db, set, migrator.CmdPre)
	execute(t, db, "INSERT INTO t (id, a) SELECT g, 'x' FROM generate_series(1, 12) g")
	_, err := migrator.New(options(db, set)).Run(t.Context(), migrator.CmdPost)
	var gate *migrator.GateError
	if !errors.As(err, &gate) || len(gate.Rows) != 1 {
		t.Fatalf("error is %v, want a gate with one query's rows", err)
	}
	if f := gate.Rows[0]; f.Total != 12 || len(f.Rows) != migrator.VerifyRows || f.Rows[0][0] != int64(1) {
		t.Errorf("found %d rows, kept %v", f.Total, f.Rows)
	}
	if want := "1_b.pre.sql:3: verify finds 12 rows: 1, 2, 3, 4, 5"; !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	if value(t, db, "SELECT count(*) FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a'") != int64(1) {
		t.Error("post has run")
	}
	execute(t, db, "UPDATE t SET b = a")
	run(t, db, set, migrator.CmdPost)
}

func TestRunOwnVerifyFailureRollsBack(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	set := load(t, "1_a.pre.sql", "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n-- migrate:verify\nSELECT id FROM t;")
	_, err := migrator.New(options(db, set)).Run(t.Context(), migrator.CmdUp)
	var gate *migrator.GateError
	if !errors.As(err, &gate) {
		t.Fatalf("error is %v, want a gate", err)
	}
	if value(t, db, "SELECT to_regclass('t') IS NULL") != true {
		t.Error("the table is there")
	}
}

func TestRunResumesAutocommitFileBehindDoneStatements(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE log (n int)")
	set := load(t, "1_a.pre.sql", "-- migrate:transaction none\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\nINSERT INTO later VALUES (3);\nINSERT INTO log VALUES (4);")
	_, err := migrator.New(options(db, set)).Run(t.Context(), migrator.CmdPre)
	var statement *migrator.StatementError
	if !errors.As(err, &statement) || statement.Kept != 2 || statement.Statement.Ordinal != 3 {
		t.Fatalf("error is %+v", err)
	}
	execute(t, db, "CREATE TABLE later (n int)")
	run(t, db, set, migrator.CmdPre)
	if got := value(t, db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM log"); got != "1,2,4" {
		t.Errorf("statements ran as %v, want each once", got)
	}
}

func TestRunKilledInConcurrentBuildConverges(t *testing.T) {
	for _, create := range []string{"CREATE INDEX CONCURRENTLY log_n", "CREATE INDEX CONCURRENTLY IF NOT EXISTS log_n"} {
		t.Run(create, func(t *testing.T) {
			url := sandboxtest.Database(t)
			db, other := open(t, url), open(t, url)
			// The concurrent build waits for this transaction.
			execute(t, db, "CREATE TABLE log (n int)", "BEGIN", "INSERT INTO log VALUES (0)")
			text := "-- migrate:transaction none\nINSERT INTO log VALUES (1);\n" + create + " ON log (n);\nINSERT INTO log VALUES (3);"
			killChild(t, url, text, db)
			execute(t, db, "ROLLBACK")
			run(t, other, load(t, "1_a.pre.sql", text), migrator.CmdPre)
			if got := value(t, db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM log"); got != "1,3" {
				t.Errorf("rows are %v, want those of statements 1 and 3 once", got)
			}
			if got := value(t, db, "SELECT string_agg(indexrelid::regclass::text || indisvalid, ',') FROM pg_index WHERE indrelid = 'log'::regclass"); got != "log_ntrue" {
				t.Errorf("indexes are %v, want log_n alone, and valid", got)
			}
		})
	}
}

func TestRunKilledInFlightHasUnknownOutcome(t *testing.T) {
	for _, tookEffect := range []bool{true, false} {
		t.Run(fmt.Sprint(tookEffect), func(t *testing.T) {
			url := sandboxtest.Database(t)
			db, other := open(t, url), open(t, url)
			// The detaching waits for this transaction.
			execute(t, db, "CREATE TABLE log (n int) PARTITION BY LIST (n)", "CREATE TABLE part PARTITION OF log FOR VALUES IN (0)",
				"BEGIN", "INSERT INTO log VALUES (0)")
			text := "-- migrate:lock-timeout 0s\nCREATE TABLE first ();\nALTER TABLE log DETACH PARTITION part CONCURRENTLY;\nCREATE TABLE third ();"
			set := load(t, "1_a.pre.sql", text)
			killChild(t, url, text, db)
			execute(t, db, "ROLLBACK")
			_, err := migrator.New(options(other, set)).Run(t.Context(), migrator.CmdPre)
			var unknown *migrator.UnknownOutcomeError
			if !errors.As(err, &unknown) || unknown.Statement.Ordinal != 2 {
				t.Fatalf("error is %v, want an unknown outcome of statement 2", err)
			}
			// Whatever became of it, now it had no effect.
			execute(t, db, "DROP TABLE log", "DROP TABLE IF EXISTS part", "CREATE TABLE log (n int) PARTITION BY LIST (n)",
				"CREATE TABLE part PARTITION OF log FOR VALUES IN (0)")
			m := migrator.New(options(other, set))
			if err := m.Resolve(t.Context(), set[0].ID(), tookEffect); err != nil {
				t.Fatal(err)
			}
			run(t, other, set, migrator.CmdPre)
			if value(t, db, "SELECT to_regclass('first') IS NOT NULL AND to_regclass('third') IS NOT NULL") != true {
				t.Error("the other statements have not run")
			}
			if repeated := value(t, db, "SELECT NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'log'::regclass)"); repeated == tookEffect {
				t.Errorf("the statement ran again: %v", repeated)
			}
			var gate *migrator.GateError
			if err := m.Resolve(t.Context(), set[0].ID(), tookEffect); !errors.As(err, &gate) {
				t.Errorf("resolving again: %v, want a refusal", err)
			}
		})
	}
}

func TestRunKilledStepwiseRunsEachStatementOnce(t *testing.T) {
	url := sandboxtest.Database(t)
	db := open(t, url)
	execute(t, db, "CREATE TABLE log (n int)", "CREATE TABLE gate ()", "BEGIN", "LOCK TABLE gate")
	text := "-- migrate:transaction none\n-- migrate:lock-timeout 0s\nINSERT INTO log VALUES (1);\n" +
		"INSERT INTO log SELECT 2 WHERE NOT EXISTS (SELECT FROM gate);\nINSERT INTO log VALUES (3);"
	killChild(t, url, text, db)
	execute(t, db, "COMMIT")
	run(t, open(t, url), load(t, "1_a.pre.sql", text), migrator.CmdPre)
	if got := value(t, db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM log"); got != "1,2,3" {
		t.Errorf("rows are %v, want each statement's once", got)
	}
}

// killChild runs the file in a child and kills it while a statement waits for a lock.
func killChild(t *testing.T, url, text string, db migrator.Database) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childURL+"="+url, childFile+"="+text)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, db, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

func TestRunKilledInTransactionLeavesNothing(t *testing.T) {
	url := sandboxtest.Database(t)
	db := open(t, url)
	execute(t, db, "CREATE TABLE gate ()", "BEGIN", "LOCK TABLE gate")
	text := "-- migrate:lock-timeout 0s\nCREATE TABLE log (n int);\nINSERT INTO log SELECT 2 WHERE NOT EXISTS (SELECT FROM gate);"
	killChild(t, url, text, db)
	execute(t, db, "COMMIT")
	run(t, open(t, url), load(t, "1_a.pre.sql", text), migrator.CmdPre)
	if value(t, db, "SELECT count(*) FROM log") != int64(1) {
		t.Error("the file has not run once")
	}
}

func TestRunRetriesLockTimeouts(t *testing.T) {
	for name, text := range map[string]string{
		"one transaction": "CREATE TABLE u (id int);\nALTER TABLE t ADD COLUMN b int;",
		"stepwise":        "-- migrate:transaction none\nCREATE TABLE u (id int);\nALTER TABLE t ADD COLUMN b int;",
		"backfill":        "-- migrate:backfill table=t key=id batch=2 when=before-push\nUPDATE t SET n = n + 1 WHERE id > :lo AND id <= :hi;",
	} {
		t.Run(name, func(t *testing.T) {
			url := sandboxtest.Database(t)
			db, holder := open(t, url), open(t, url)
			execute(t, db, "CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t SELECT g, 0 FROM generate_series(1, 5) g")
			execute(t, holder, "BEGIN", "UPDATE t SET n = n WHERE id = 4")
			file := "1_a.pre.sql"
			if name == "backfill" {
				file = "1_a.backfill.sql"
			}
			o := options(db, load(t, file, text))
			o.LockTimeout = 50 * time.Millisecond
			retries := 0
			o.Progress = func(e migrator.Event) {
				if e.Kind != migrator.LockRetry {
					return
				}
				retries++
				if _, err := holder.Exec(t.Context(), "COMMIT"); err != nil {
					t.Error(err)
				}
			}
			if _, err := migrator.New(o).Run(t.Context(), migrator.CmdUp); err != nil || retries != 1 {
				t.Fatalf("%d retries, %v", retries, err)
			}
			if name == "backfill" && value(t, db, "SELECT count(*) FROM t WHERE n = 1") != int64(5) {
				t.Error("not every row is done once")
			}
		})
	}
}

func TestRunGivesUpWhenLockBudgetIsSpent(t *testing.T) {
	url := sandboxtest.Database(t)
	db, holder := open(t, url), open(t, url)
	execute(t, holder, "CREATE TABLE t (id int)", "BEGIN", "LOCK TABLE t")
	o := options(db, load(t, "1_a.pre.sql", "CREATE TABLE u (id int);\nALTER TABLE t ADD COLUMN b int;"))
	o.LockTimeout, o.LockBudget = 20*time.Millisecond, time.Millisecond
	_, err := migrator.New(o).Run(t.Context(), migrator.CmdPre)
	refused, ok := migrator.AsServerError(err)
	if !ok || refused.Kind != migrator.KindLockTimeout || !strings.Contains(err.Error(), "--lock-budget") {
		t.Fatalf("error is %v, want a lock timeout", err)
	}
	if value(t, db, "SELECT to_regclass('u') IS NULL") != true {
		t.Error("a part of the file stayed")
	}
}

func TestRunWaitsForAnotherRun(t *testing.T) {
	url := sandboxtest.Database(t)
	first, second, holder := open(t, url), open(t, url), open(t, url)
	execute(t, holder, "CREATE TABLE t (id int)", "BEGIN", "LOCK TABLE t")
	set := load(t, "1_a.pre.sql", "-- migrate:lock-timeout 0s\nALTER TABLE t ADD COLUMN b int;")
	done := make(chan error, 1)
	go func() {
		_, err := migrator.New(options(first, set)).Run(t.Context(), migrator.CmdPre)
		done <- err
	}()
	await(t, holder, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
	o := options(second, set)
	o.Wait = 0
	if _, err := migrator.New(o).Run(t.Context(), migrator.CmdPre); !errors.Is(err, migrator.ErrLocked) {
		t.Fatalf("without waiting: %v, want ErrLocked", err)
	}
	o.Wait = migrator.DefaultWait
	o.Progress = func(e migrator.Event) {
		if e.Kind == migrator.WaitingForLock {
			execute(t, holder, "COMMIT")
		}
	}
	result, err := migrator.New(o).Run(t.Context(), migrator.CmdPre)
	if err != nil || len(result.Applied) != 0 {
		t.Errorf("the second run applied %v, %v", result.Applied, err)
	}
	if err := <-done; err != nil {
		t.Errorf("the first run: %v", err)
	}
}

func TestTenRunsAtOnceRunEachFileOnce(t *testing.T) {
	url := sandboxtest.Database(t)
	set := load(t, "1_a.pre.sql", "CREATE TABLE log (n int);", "2_b.pre.sql", "INSERT INTO log VALUES (2);",
		"3_c.pre.sql", "-- migrate:transaction none\nINSERT INTO log VALUES (3);\nINSERT INTO log VALUES (4);",
		"4_d.pre.sql", "CREATE INDEX CONCURRENTLY log_n ON log (n);",
		"4_d.backfill.sql", "-- migrate:backfill table=log key=n batch=1 when=before-push\nUPDATE log SET n = n + 10 WHERE n > :lo AND n <= :hi AND n < 10;")
	var group sync.WaitGroup
	for i := range 10 {
		db := open(t, url)
		group.Go(func() {
			if _, err := migrator.New(options(db, set)).Run(t.Context(), migrator.CmdUp); err != nil {
				t.Errorf("run %d: %v", i, err)
			}
		})
	}
	group.Wait()
	db := open(t, url)
	if got := value(t, db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM log"); got != "12,13,14" {
		t.Errorf("rows are %v, want each file's once", got)
	}
	if n := value(t, db, "SELECT count(*) FROM migrate_versions WHERE state = 'applied' AND phase <> 'ledger'"); n != int64(5) {
		t.Errorf("%v files are applied, want 5", n)
	}
}

func TestCancelledRunIsConsistent(t *testing.T) {
	tests := []struct{ name, header, left string }{
		{"one transaction", "", "0"},
		{"stepwise", "-- migrate:transaction none\n", "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url := sandboxtest.Database(t)
			db, watch := open(t, url), open(t, url)
			execute(t, watch, "CREATE TABLE log (n int)", "CREATE TABLE gate ()", "BEGIN", "LOCK TABLE gate")
			set := load(t, "1_a.pre.sql", test.header+"-- migrate:lock-timeout 0s\nINSERT INTO log VALUES (1);\n"+
				"INSERT INTO log SELECT 2 WHERE NOT EXISTS (SELECT FROM gate);")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := migrator.New(options(db, set)).Run(ctx, migrator.CmdPre)
				done <- err
			}()
			await(t, watch, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
			cancel()
			if refused, ok := migrator.AsServerError(<-done); !ok || refused.Kind != migrator.KindCancelled {
				t.Errorf("the server's error is %v, want its word of the cancelling", refused)
			}
			execute(t, watch, "COMMIT")
			if got := value(t, watch, "SELECT count(*)::text FROM log"); got != test.left {
				t.Errorf("%v statements stayed, want %s", got, test.left)
			}
			other := options(open(t, url), set)
			other.Wait = 0 // the lock is free already
			if _, err := migrator.New(other).Run(t.Context(), migrator.CmdPre); err != nil {
				t.Fatalf("the next run: %v", err)
			}
			if got := value(t, watch, "SELECT string_agg(n::text, ',' ORDER BY n) FROM log"); got != "1,2" {
				t.Errorf("rows are %v, want each once", got)
			}
		})
	}
}

func TestStagedEqualsUp(t *testing.T) {
	set := load(t, "1_base.pre.sql", "CREATE TABLE t (id bigint PRIMARY KEY, a text NOT NULL);\nINSERT INTO t SELECT g, 'v' FROM generate_series(1, 20) g;",
		"2_b.pre.sql", "ALTER TABLE t ADD COLUMN b text;",
		"2_b.backfill.sql", "-- migrate:backfill table=t key=id batch=auto when=before-push\nUPDATE t SET b = a WHERE id > :lo AND id <= :hi;",
		"2_b.post.sql", "ALTER TABLE t ALTER COLUMN b SET NOT NULL, DROP COLUMN a;",
		"3_c.pre.sql", "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 7;",
		"3_c.post.sql", "ALTER TABLE t ALTER COLUMN c DROP DEFAULT;")
	staged, up := open(t, sandboxtest.Database(t)), open(t, sandboxtest.Database(t))
	run(t, staged, set[:1], migrator.CmdUp)
	run(t, staged, set, migrator.CmdPre, migrator.CmdBackfill, migrator.CmdPost)
	run(t, up, set, migrator.CmdUp)
	const shape = `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
		WHERE table_schema = 'public' ORDER BY 1, 2`
	var got [2][][]any
	for i, db := range []migrator.Database{staged, up} {
		rows, err := db.Query(t.Context(), shape)
		if err != nil || len(rows) < 10 {
			t.Fatalf("%v, %v", rows, err)
		}
		got[i] = rows
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("staged and up differ:\n%s", diff)
	}
	if value(t, staged, "SELECT count(*) FROM t WHERE b = 'v' AND c = 7") != int64(20) {
		t.Error("rows are not moved")
	}
	result, err := migrator.New(options(up, set)).Run(t.Context(), migrator.CmdUp)
	if err != nil || len(result.Applied) != 0 {
		t.Errorf("a second up applies %v, %v", result.Applied, err)
	}
}

func TestBackfillWalksAnyKeys(t *testing.T) {
	for name, keys := range map[string]string{
		"no rows": "SELECT 1 WHERE false", "one": "SELECT 0", "negative": "SELECT generate_series(-7, 7)",
		"holes": "VALUES (-9000000000), (-3), (0), (1), (500000000), (9000000000000)",
	} {
		for _, batch := range []string{"auto", "1", "2", "1000"} {
			db := open(t, sandboxtest.Database(t))
			execute(t, db, "CREATE TABLE t (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t (id) "+keys)
			run(t, db, load(t, "1_a.backfill.sql", "-- migrate:backfill table=t key=id batch="+batch+
				" when=before-push\nUPDATE t SET n = n + 1 WHERE id > :lo AND id <= :hi;"), migrator.CmdBackfill)
			if wrong := value(t, db, "SELECT count(*) FROM t WHERE n <> 1"); wrong != int64(0) {
				t.Errorf("%s, batch=%s: %v rows are not done exactly once", name, batch, wrong)
			}
		}
	}
}

func TestBackfillGoesOnBehindARefusedBatch(t *testing.T) {
	db := open(t, sandboxtest.Database(t))
	execute(t, db, "CREATE TABLE t (id bigint PRIMARY KEY, n int CHECK (n < 100))",
		"INSERT INTO t SELECT g, CASE WHEN g = 6 THEN 99 ELSE 0 END FROM generate_series(1, 10) g")
	const text = "-- migrate:backfill table=t key=id batch=2 when=before-push\nUPDATE t SET n = n + 1 WHERE id > :lo AND id <= :hi;"
	set := load(t, "1_a.backfill.sql", text)
	_, err := migrator.New(options(db, set)).Run(t.Context(), migrator.CmdBackfill)
	if refused, ok := migrator.AsServerError(err); !ok || refused.Code != "23514" || !strings.Contains(err.Error(), "1_a.backfill.sql:2") {
		t.Fatalf("error is %v, want the check's with its place", err)
	}
	if done := value(t, db, "SELECT count(*) FROM t WHERE n = 1"); done != int64(4) {
		t.Errorf("%v rows are done, want the 4 of the batches before", done)
	}
	edited := load(t, "1_a.backfill.sql", strings.Replace(text, "n + 1", "n + 2", 1))
	if _, err := migrator.New(options(db, edited)).Run(t.Context(), migrator.CmdBackfill); !errors.As(err, new(*migrator.DriftError)) {
		t.Errorf("an edit of a backfill that has begun: %v, want drift", err)
	}
	execute(t, db, "UPDATE t SET n = 0 WHERE id = 6")
	run(t, db, set, migrator.CmdBackfill)
	if wrong := value(t, db, "SELECT count(*) FROM t WHERE n <> 1"); wrong != int64(0) {
		t.Errorf("%v rows are not done exactly once", wrong)
	}
}
