package drivertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/expandcontract/migrate/migrator"
)

// locks proves that runs exclude each other, and that nobody waits for them long.
func (s suite) locks(t *testing.T) {
	for name, test := range map[string]func(*testing.T, string){
		"named lock": s.namedLock, "lock timeout": s.lockTimeout, "blockers": s.blockers, "retry": s.retry, "ten runners": s.tenRunners,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s.database(t))
		})
	}
}

func (s suite) namedLock(t *testing.T, url string) {
	a, b := open(t, url), open(t, url)
	take := func(db session, name string, want bool) {
		t.Helper()
		if got, err := db.TryLock(context(), name); err != nil || got != want {
			t.Errorf("taking %s: %v, %v, want %v", name, got, err, want)
		}
	}
	take(a, "run", true)
	take(b, "run", false)
	take(b, "release", true)
	take(open(t, s.database(t)), "run", true) // of another database
	if err := a.Unlock(context(), "run"); err != nil {
		t.Error(err)
	}
	take(b, "run", true)
	if err := b.Close(context()); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if got, err := a.TryLock(context(), "run"); err != nil || time.Now().After(deadline) {
			t.Fatalf("the lock of a closed session is still held: %v", err)
		} else if got {
			return
		}
	}
}

func (s suite) lockTimeout(t *testing.T, url string) {
	db, reader := open(t, url), open(t, url)
	db.exec("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
	if err := db.SetTimeouts(context(), time.Second, 0); err != nil {
		t.Fatal(err)
	}
	reader.exec(s.sql("BEGIN", "START TRANSACTION"))
	reader.value("SELECT count(*) FROM t")
	started := time.Now()
	_, err := db.Exec(context(), "ALTER TABLE t ADD COLUMN m int")
	refused, ok := migrator.AsServerError(err)
	if took := time.Since(started); !ok || refused.Kind != migrator.KindLockTimeout || took > 5*time.Second {
		t.Errorf("behind a reader: %v after %s, want a lock timeout after one second", err, took)
	}
}

func (s suite) blockers(t *testing.T, url string) {
	db, reader := open(t, url), open(t, url)
	watcher, err := db.Database.(migrator.Watchable).Watch(context())
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close(context())
	db.exec("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
	if found, err := watcher.Blockers(context()); err != nil || len(found) != 0 {
		t.Errorf("blockers of an idle session: %v, %v", found, err)
	}
	pid := reader.value(s.sql("SELECT pg_backend_pid()", "SELECT connection_id()"))
	reader.exec(s.sql("BEGIN", "START TRANSACTION"))
	reader.exec("UPDATE t SET n = 2 /* " + strings.Repeat("long ", 40) + "*/")
	if err := db.SetTimeouts(context(), 5*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := db.Exec(context(), "ALTER TABLE t ADD COLUMN m int")
		done <- err
	}()
	var found []migrator.Blocker
	// MariaDB shows transactions as they were when nobody had looked for 100 ms.
	for deadline := time.Now().Add(4 * time.Second); len(found) == 0 && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if found, err = watcher.Blockers(context()); err != nil {
			t.Fatal(err)
		}
	}
	reader.exec("ROLLBACK")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(found) != 1 || found[0].PID != pid || found[0].User == "" || len([]rune(found[0].Query)) > 80 {
		t.Fatalf("blockers are %+v, want session %v", found, pid)
	}
	if s.kind.Product != "mariadb" && !strings.HasPrefix(found[0].Query, "UPDATE t SET n = 2") {
		t.Errorf("the blocker runs %q", found[0].Query) // MariaDB does not tell what an idle session ran last
	}
}

// retry proves that a change waits for its lock in short tries that name the
// blocker, while no query of the application waits longer than one of them.
func (s suite) retry(t *testing.T, url string) {
	db, reader, app := open(t, url), open(t, url), open(t, url)
	db.exec("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
	pid := reader.value(s.sql("SELECT pg_backend_pid()", "SELECT connection_id()"))
	reader.exec(s.sql("BEGIN", "START TRANSACTION"))
	reader.value("SELECT count(*) FROM t")
	var named []string
	o := options(db, s.load(t, files{"1_a.pre.sql": "ALTER TABLE t ADD COLUMN m int;"}))
	o.Progress = func(e migrator.Event) {
		if e.Kind == migrator.LockRetry {
			named = append(named, fmt.Sprint(e.Blockers))
		}
	}
	done := make(chan error, 1)
	go func() {
		_, err := migrator.New(o).Run(context(), migrator.CmdPre)
		done <- err
	}()
	slowest := time.Duration(0)
	for started := time.Now(); time.Since(started) < 4*time.Second; time.Sleep(10 * time.Millisecond) {
		asked := time.Now()
		app.value("SELECT count(*) FROM t")
		slowest = max(slowest, time.Since(asked))
	}
	reader.exec("ROLLBACK")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if slowest > o.LockTimeout+time.Second {
		t.Errorf("a query of the application waited %s with a lock timeout of %s", slowest, o.LockTimeout)
	}
	if len(named) == 0 || !strings.Contains(named[0], fmt.Sprint(pid)) {
		t.Errorf("retries name %v, want session %v", named, pid)
	}
}

// tenRunners start at once on an empty database.
func (s suite) tenRunners(t *testing.T, url string) {
	f := files{
		"1_a.pre.sql": "CREATE TABLE log (n int);\nINSERT INTO log VALUES (1);",
		"2_b.pre.sql": s.sql("CREATE INDEX CONCURRENTLY log_n ON log (n);\nINSERT INTO log VALUES (2);", "CREATE INDEX log_n ON log (n);\nINSERT INTO log VALUES (2);"),
		"3_c.pre.sql": "CREATE TABLE other (n int);\nINSERT INTO log VALUES (3);",
	}
	var group sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		db := open(t, url)
		group.Go(func() {
			_, errs[i] = migrator.New(options(db, s.load(t, f))).Run(context(), migrator.CmdUp)
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("runner %d: %v", i, err)
		}
	}
	db := open(t, url)
	if n := db.value("SELECT count(*) FROM log"); n != int64(3) {
		t.Errorf("%v rows, want each file's once", n)
	}
}
