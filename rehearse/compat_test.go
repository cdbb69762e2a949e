package rehearse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// release renames name to title the wrong way in pre, and drops age in post.
var release = files{
	"0001_shop.pre.sql": "CREATE TABLE pets (id int PRIMARY KEY, name text, age int, note text);",
	"0002_change.pre.sql": `
ALTER TABLE pets ADD COLUMN color text;
ALTER TABLE pets
  RENAME name TO title;
UPDATE pets SET color = 'grey';`,
	"0002_change.post.sql": `
UPDATE pets SET color = 'black';
ALTER TABLE pets DROP COLUMN age;`,
}

var (
	oldQueries = []compat.Query{
		{Name: "GetName", SQL: "SELECT name FROM pets WHERE id = $1"},
		{Name: "GetAge", SQL: "SELECT age FROM pets"},
		{Name: "GetNote", SQL: "SELECT note FROM pets"},
		{Name: "Ghost", SQL: "SELECT ghost FROM pets"},
	}
	newQueries = []compat.Query{
		{Name: "GetTitle", SQL: "SELECT title, color FROM pets"},
		{Name: "GetSize", SQL: "SELECT size FROM pets"},
		{Name: "StillAge", SQL: "SELECT age, id FROM pets"},
	}
)

// wantCompat checks the failures of the release's queries, and no others.
func wantCompat(t *testing.T, r *report.Rehearsal) {
	t.Helper()
	wantVerdict(t, r, report.Fail)
	type expected struct {
		counts bool
		file   string
		line   int
	}
	renamed, dropped := expected{true, "0002_change.pre.sql", 3}, expected{true, "0002_change.post.sql", 3}
	want := map[string]expected{
		"old GetName B": renamed, "old GetName C": {false, renamed.file, renamed.line},
		"old GetAge C": {false, dropped.file, dropped.line},
		"old Ghost B":  {}, "old Ghost C": {},
		"new GetSize B": {counts: true}, "new GetSize C": {counts: true},
		"new StillAge C": dropped,
	}
	for _, f := range r.Compat.Failures {
		key := strings.Join([]string{string(f.Code), f.Query, string(f.Stage)}, " ")
		w, ok := want[key]
		delete(want, key)
		var file string
		var line int
		if f.Cause != nil {
			file, line = f.Cause.Migration, f.Cause.Line
		}
		if !ok || f.Counts != w.counts || file != w.file || line != w.line || f.SQLState != "42703" || f.Reason == "" {
			t.Errorf("%s: %+v, cause %s:%d, want %+v", key, f, file, line, w)
		}
	}
	for key := range want {
		t.Errorf("%s is missing", key)
	}
	if r.Compat.AlreadyBroken != 1 || len(r.Compat.Stages) != 3 {
		t.Errorf("%d already broken, stages %v: want 1 and three", r.Compat.AlreadyBroken, r.Compat.Stages)
	}
	// The checks' own failures inside the transaction did not undo its work.
	for _, f := range r.Files {
		if !f.Committed {
			t.Errorf("%s is not committed", f.Name)
		}
		for _, s := range f.Statements {
			if s.Error != "" {
				t.Errorf("%s:%d: %s", f.Name, s.Line, s.Error)
			}
		}
	}
	if len(r.Files) != 2 {
		t.Errorf("%d files ran, want 2", len(r.Files))
	}
	got, update := locks(statement(t, r, "0002_change.post.sql", 1)), []string{"pets RowExclusiveLock", "pets_pkey RowExclusiveLock"}
	if !slices.Equal(got, update) {
		t.Errorf("locks %q, want the UPDATE's only, %q", got, update)
	}
}

func TestCompatOnASnapshot(t *testing.T) {
	t.Parallel()
	changes := files{"0002_change.pre.sql": release["0002_change.pre.sql"], "0002_change.post.sql": release["0002_change.post.sql"]}
	c := config(t, changes)
	c.Old, c.New = oldQueries, newQueries
	wantCompat(t, rehearse.Run(t.Context(), c, snapshot(t, strings.TrimSuffix(release["0001_shop.pre.sql"], ";"), `INSERT INTO pets VALUES (1)`)))
}

func TestCompatOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	c := config(t, release)
	c.Old, c.New = oldQueries, newQueries
	r := rehearse.RunFresh(t.Context(), c, migrations.Version{}, sandbox.PostgreSQL, sandbox.Version{Major: 15})
	wantCompat(t, r)
	if len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "up to version") {
		t.Errorf("notes %q, want one that tells what A is", r.Notes)
	}
}

func TestCompatPasses(t *testing.T) {
	t.Parallel()
	c := config(t, release)
	c.Old, c.New = oldQueries[2:3], newQueries[:1]
	r := rehearse.RunFresh(t.Context(), c, migrations.Version{}, sandbox.PostgreSQL, sandbox.Version{Major: 15})
	wantVerdict(t, r, report.Pass)
	if len(r.Compat.Failures) > 0 {
		t.Errorf("failures %+v", r.Compat.Failures)
	}
}
