package rehearse_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

// files are migration files by name.
type files map[string]string

func (f files) set(t testing.TB) migrations.Set {
	t.Helper()
	set, err := migrations.Load(f.fsys(), "migrations", sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (f files) fsys() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// config rehearses the files in local sandboxes.
func config(t testing.TB, f files) rehearse.Config {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	return rehearse.Config{Open: drivers.Open, Set: f.set(t), Log: log, Migrator: migrator.Options{Who: "test"},
		Sandbox: sandbox.Options{Engine: sandbox.Local, Log: log}}
}

// execute runs statements on a database.
func execute(t testing.TB, databaseURL string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// snapshot is a dump of a new database that the statements made.
func snapshot(t testing.TB, statements ...string) string {
	t.Helper()
	databaseURL := sandboxtest.Database(t)
	execute(t, databaseURL, statements...)
	return dump(t, databaseURL, "client.dump")
}

func dump(t testing.TB, databaseURL, name string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := sandboxtest.Server(t).Dump(t.Context(), strings.TrimPrefix(u.Path, "/"), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// run rehearses the files on a database that the statements make.
func run(t testing.TB, f files, statements ...string) *report.Rehearsal {
	t.Helper()
	return rehearse.Run(t.Context(), config(t, f), snapshot(t, statements...))
}

func wantVerdict(t testing.TB, r *report.Rehearsal, want report.Verdict) {
	t.Helper()
	if r.Verdict != want {
		t.Fatalf("verdict %s, want %s\n%s", r.Verdict, want, text(t, r))
	}
}

func document(r *report.Rehearsal) report.Document {
	return report.Document{Schema: report.Schema, Verdict: r.Verdict, Rehearsals: []*report.Rehearsal{r}}
}

func text(t testing.TB, r *report.Rehearsal) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, document(r)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonText(t testing.TB, r *report.Rehearsal) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSON(&b, document(r)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// statement is the n-th statement (from 1) of a file's report.
func statement(t testing.TB, r *report.Rehearsal, file string, n int) *report.Statement {
	t.Helper()
	for _, f := range r.Files {
		if f.Name == file && len(f.Statements) >= n {
			return f.Statements[n-1]
		}
	}
	t.Fatalf("no statement %d of %s in the report\n%s", n, file, text(t, r))
	return nil
}

// locks are the statement's locks as "relation Mode".
func locks(s *report.Statement) []string {
	names := []string{}
	for _, l := range s.Locks {
		names = append(names, fmt.Sprintf("%s %s", l.Relation, l.Mode))
	}
	return names
}

// newDatabase is a database on the shared server that the statements made.
func newDatabase(t testing.TB, statements ...string) string {
	t.Helper()
	databaseURL := sandboxtest.Database(t)
	execute(t, databaseURL, statements...)
	return databaseURL
}

// ownFolder is a cache folder that a server's own account may enter too, unlike
// the folders that the testing package makes.
func ownFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rehearse-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// wantNoSandbox looks for folders in the cache folder and for processes that name it.
func wantNoSandbox(t testing.TB, dir string) {
	t.Helper()
	sandboxes, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(sandboxes) > 0 {
		t.Errorf("left in the cache folder: %q, %v", sandboxes, err)
	}
	processes, err := process.Processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := p.Cmdline(); err == nil && strings.Contains(line, dir) {
			t.Errorf("process %d is left: %s", p.Pid, line)
		}
	}
}
