package rehearse_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/report"
)

// planted is a table whose rows 3, 5 and 8 break what the case asks for.
var planted = []string{
	`CREATE TABLE owners (id int PRIMARY KEY)`,
	`INSERT INTO owners SELECT i FROM generate_series(1, 10) i`,
	`CREATE TABLE pets (id int PRIMARY KEY, name text, owner_id int, age int, note text)`,
	`INSERT INTO pets SELECT i, 'name-' || i, i, i, 'secret-' || i FROM generate_series(1, 10) i`,
}

const plantedKeys = "3 5 8"

func TestFailNamesTheKeysOfOffendingRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, plant, breaks, state, problem string
	}{
		{"unique", `UPDATE pets SET name = 'secret-twin' WHERE id IN (3, 5, 8)`,
			`CREATE UNIQUE INDEX pets_name ON pets (name)`, "23505", "duplicate (name)"},
		{"not null", `UPDATE pets SET name = NULL WHERE id IN (3, 5, 8)`,
			`ALTER TABLE pets ALTER COLUMN name SET NOT NULL`, "23502", "name is NULL"},
		{"foreign key", `UPDATE pets SET owner_id = 77712345 WHERE id IN (3, 5, 8)`,
			`ALTER TABLE pets ADD FOREIGN KEY (owner_id) REFERENCES owners`, "23503", "owner_id has no row in owners"},
		{"check", `UPDATE pets SET note = 'secret-long' WHERE id IN (3, 5, 8)`,
			`ALTER TABLE pets VALIDATE CONSTRAINT pets_note`, "23514", "violates check pets_note"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, files{"0001_a.pre.sql": "UPDATE pets SET age = age + 1;",
				"0001_a.post.sql": "ALTER TABLE pets ADD COLUMN extra int;\n" +
					"ALTER TABLE pets ADD CONSTRAINT pets_note CHECK (note <> 'secret-long') NOT VALID;\n" + c.breaks + ";"},
				append(slices.Clone(planted), c.plant)...)
			wantVerdict(t, r, report.Fail)
			s := statement(t, r, "0001_a.post.sql", 3)
			wantOffenders(t, s, c.problem)
			if s.SQLState != c.state || s.Error == "" {
				t.Errorf("SQLSTATE %q, error %q: want %s and the server's message", s.SQLState, s.Error, c.state)
			}
			for _, earlier := range []*report.Statement{statement(t, r, "0001_a.post.sql", 1), statement(t, r, "0001_a.pre.sql", 1)} {
				if len(earlier.Locks) == 0 {
					t.Errorf("line %d: its evidence is lost after the failure", earlier.Line)
				}
			}
			wantNoData(t, r, "secret-twin", "77712345", "name-", "secret-1")
			if c.name != "check" {
				wantNoData(t, r, "secret-long'::text")
			}
			if r.Next == "" {
				t.Error("no next step")
			}
		})
	}
}

// wantNoData looks for values of rows in both forms of the report.
func wantNoData(t *testing.T, r *report.Rehearsal, values ...string) {
	t.Helper()
	for _, value := range values {
		if strings.Contains(jsonText(t, r), value) || strings.Contains(text(t, r), value) {
			t.Errorf("the report holds the value %s of a row\n%s", value, jsonText(t, r))
		}
	}
}

func wantOffenders(t *testing.T, s *report.Statement, problem string) {
	t.Helper()
	o := s.Offenders
	if o == nil {
		t.Fatalf("line %d (%s) names no offenders", s.Line, s.Error)
	}
	var keys []string
	for _, key := range o.Keys {
		keys = append(keys, strings.Join(key, ","))
	}
	if got := strings.Join(keys, " "); got != plantedKeys || o.Total != 3 || o.Problem != problem {
		t.Errorf("offenders %d: %s (%s), want 3: %s (%s)", o.Total, got, o.Problem, plantedKeys, problem)
	}
}

func TestConcurrentUniqueIndexNamesTheKeys(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.post.sql": "CREATE UNIQUE INDEX CONCURRENTLY pets_name ON pets (name);"},
		append(slices.Clone(planted), `UPDATE pets SET name = 'secret-twin' WHERE id IN (3, 5, 8)`)...)
	wantVerdict(t, r, report.Fail)
	wantOffenders(t, statement(t, r, "0001_a.post.sql", 1), "duplicate (name)")
	wantNoData(t, r, "secret-twin")
}

func TestVerifyRowsFailWithKeys(t *testing.T) {
	t.Parallel()
	r := run(t, files{"0001_a.pre.sql": `
ALTER TABLE pets ADD COLUMN extra int;

-- migrate:verify
SELECT id, note FROM pets WHERE id IN (3, 5, 8) ORDER BY id;`,
		"0001_a.post.sql": "ALTER TABLE pets DROP COLUMN note;"}, planted...)
	wantVerdict(t, r, report.Fail)
	statement(t, r, "0001_a.pre.sql", 1)
	wantOffenders(t, statement(t, r, "0001_a.pre.sql", 2), "found by verify")
	wantNoData(t, r, "secret-3")
	if !statement(t, r, "0001_a.pre.sql", 2).Verify {
		t.Error("the verify query is not marked as one")
	}
}

func TestUnusableSnapshotsAreErrors(t *testing.T) {
	t.Parallel()
	good := snapshot(t, shop...)
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"empty.dump": nil, "cut.dump": data[:len(data)*2/3], "head.dump": data[:20]} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := config(t, files{"0001_a.pre.sql": "ALTER TABLE items ADD COLUMN note text;"})
	for _, name := range []string{"missing.dump", "empty.dump", "cut.dump", "head.dump"} {
		t.Run(name, func(t *testing.T) {
			r := rehearse.Run(t.Context(), c, filepath.Join(dir, name))
			wantVerdict(t, r, report.Error)
			if len(r.Reasons) != 1 || r.Snapshot.Name != name {
				t.Errorf("reasons %q of %q, want one that names the dump", r.Reasons, r.Snapshot.Name)
			}
		})
	}
}

func TestRunAllGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	bad := snapshot(t, append(slices.Clone(planted), `UPDATE pets SET name = NULL WHERE id = 3`)...)
	good := snapshot(t, planted...)
	c := config(t, files{"0001_a.post.sql": "ALTER TABLE pets ALTER COLUMN name SET NOT NULL;"})
	all := rehearse.RunAll(t.Context(), c, []string{bad, filepath.Join(t.TempDir(), "none.dump"), good})
	var verdicts []report.Verdict
	for _, r := range all {
		verdicts = append(verdicts, r.Verdict)
	}
	if want := []report.Verdict{report.Fail, report.Error, report.Pass}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts %q, want %q", verdicts, want)
	}
}

func TestSnapshotWithALedgerRunsOnlyWhatIsPending(t *testing.T) {
	t.Parallel()
	first := files{"0001_a.pre.sql": "ALTER TABLE pets ADD COLUMN extra int;"}
	path := migratedSnapshot(t, first)
	both := files{"0001_a.pre.sql": first["0001_a.pre.sql"], "0002_b.pre.sql": "CREATE INDEX pets_extra ON pets (extra);"}
	r := rehearse.Run(t.Context(), config(t, both), path)
	wantVerdict(t, r, report.Pass)
	if len(r.Files) != 1 || r.Files[0].Name != "0002_b.pre.sql" || !r.Files[0].Committed {
		t.Errorf("rehearsed\n%s\nwant 0002_b.pre.sql only", text(t, r))
	}
	edited := files{"0001_a.pre.sql": "ALTER TABLE pets ADD COLUMN extra bigint;"}
	r = rehearse.Run(t.Context(), config(t, edited), path)
	if r.Verdict == report.Pass || len(r.Reasons) == 0 || !strings.Contains(r.Reasons[0], "0001_a.pre.sql") {
		t.Errorf("an edited file: %s %q, want no pass and the file's name", r.Verdict, r.Reasons)
	}
}

// migratedSnapshot is a dump of the planted database with the files applied.
func migratedSnapshot(t *testing.T, f files) string {
	t.Helper()
	databaseURL := newDatabase(t, planted...)
	db, err := drivers.Open(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	c := config(t, f)
	if _, err := migrator.New(migrator.Options{DB: db, Set: c.Set, Log: c.Log}).Run(t.Context(), migrator.CmdPre); err != nil {
		t.Fatal(err)
	}
	return dump(t, databaseURL, "client.dump")
}

func TestCancelLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := snapshot(t, planted...)
	for _, after := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond, 4 * time.Second} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			c := config(t, files{"0001_a.pre.sql": "SELECT pg_sleep(60) FROM pets LIMIT 1;"})
			c.Sandbox.CacheDir = ownFolder(t)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			started := time.Now()
			r := rehearse.Run(ctx, c, path)
			wantVerdict(t, r, report.Error)
			if took := time.Since(started); took > after+20*time.Second {
				t.Errorf("took %v to stop", took)
			}
			wantNoSandbox(t, c.Sandbox.CacheDir)
		})
	}
}
