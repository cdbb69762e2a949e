// Package drivertest is the conformance suite that every driver runs, on every
// server that the tool speaks to: what a session must do, what a run of the
// migrator on it must survive, and what both must say when they refuse. A new
// behaviour is added here first.
package drivertest

import (
	"fmt"
	"log/slog"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// Main is the TestMain of a package that runs the suite. It is the runner that
// tests kill, too: see killed.
func Main(m *testing.M) {
	if os.Getenv(childURL) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	sandboxtest.Main(m)
}

// Run proves the driver on one kind of server.
func Run(t *testing.T, kind sandboxtest.Kind) {
	s := suite{kind: kind, dialect: sqltext.MySQL}
	if kind.Product == sandbox.PostgreSQL {
		s.dialect = sqltext.Postgres
	}
	sandboxtest.On(t, kind) // one skip or failure for all
	s.session(t)
	s.locks(t)
	s.runs(t)
	s.crashes(t)
	s.faults(t)
}

// suite is the conformance suite on one kind of server.
type suite struct {
	kind    sandboxtest.Kind
	dialect sqltext.Dialect
}

func (s suite) postgres() bool { return s.dialect == sqltext.Postgres }

// sql chooses between two ways to write the same.
func (s suite) sql(postgres, mysql string) string {
	if s.postgres() {
		return postgres
	}
	return mysql
}

// session is a connection with what tests ask of it.
type session struct {
	migrator.Database
	t testing.TB
}

// database is the URL of a new database for the test.
func (s suite) database(t testing.TB) string { return sandboxtest.DatabaseOn(t, s.kind) }

// open connects; the session ends with the test.
func open(t testing.TB, url string) session {
	t.Helper()
	db, err := drivers.Open(context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context()) })
	return session{db, t}
}

// exec runs statements that must succeed.
func (s session) exec(statements ...string) {
	s.t.Helper()
	for _, sql := range statements {
		if _, err := s.Exec(context(), sql); err != nil {
			s.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// value is the first value that a query returns, nil when there is none.
func (s session) value(sql string) any {
	s.t.Helper()
	rows, err := s.Query(context(), sql)
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	if len(rows) == 0 {
		return nil
	}
	return rows[0][0]
}

// await repeats a query until its value is true or 1.
func (s session) await(sql string) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if v := s.value(sql); v == true || v == int64(1) {
			return
		}
	}
	s.t.Fatalf("still not true: %s", sql)
}

// files are migration files by name.
type files map[string]string

func (s suite) load(t testing.TB, f files) migrations.Set {
	t.Helper()
	set, err := f.set(s.dialect)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (f files) set(d sqltext.Dialect) (migrations.Set, error) {
	fsys := fstest.MapFS{}
	for name, text := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return migrations.Load(fsys, "migrations", d)
}

// options are a migrator's for tests: patient enough for a busy machine.
func options(db migrator.Database, set migrations.Set) migrator.Options {
	if s, ok := db.(session); ok {
		db = s.Database // which offers more than the interface says
	}
	return migrator.Options{DB: db, Set: set, Log: slog.New(slog.DiscardHandler), LockTimeout: time.Second,
		LockBudget: time.Minute, Wait: time.Minute, Who: "test", AllowEmpty: true}
}

// run runs a command that must succeed.
func run(t testing.TB, db migrator.Database, set migrations.Set, commands ...migrator.Command) {
	t.Helper()
	for _, command := range commands {
		if _, err := migrator.New(options(db, set)).Run(context(), command); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
}

// schema is the database's definitions, by its server's own dump program.
func (s suite) schema(t testing.TB, url string) string {
	t.Helper()
	name, _, _ := strings.Cut(path.Base(url), "?")
	text, err := sandboxtest.On(t, s.kind).Schema(context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
