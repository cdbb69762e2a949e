package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/compat"
	"github.com/expandcontract/migrate/rehearse/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test -update writes it anew. Got:\n%s", path, got)
	}
}

func lock(relation, kind, mode string) report.Lock {
	return report.Lock{Relation: relation, Kind: kind, Mode: mode, HeldMS: 1873.2}
}

func passed() *report.Rehearsal {
	return &report.Rehearsal{
		Snapshot: report.Snapshot{Name: "acme.dump", SHA256: "ab12", Bytes: 3 << 30, Format: "custom", Version: "15.18"},
		Sandbox:  "docker postgres:15 (PostgreSQL 15.18)", Verdict: report.Pass, Reasons: []string{}, StartMS: 900, RestoreMS: 65432,
		Notes: []string{"2 of 9 old queries fail on A, before the release, and prove nothing: is A the schema that they run on?"},
		Files: []*report.File{{Name: "0042_rental.pre.sql", Phase: "pre", Committed: true, Statements: []*report.Statement{
			{Ordinal: 1, Line: 3, SQL: "ALTER TABLE rental ALTER COLUMN rental_id TYPE bigint,\n  ALTER COLUMN customer_id TYPE bigint, ALTER COLUMN staff_id TYPE bigint",
				ElapsedMS: 812.4, Rows: 0, SizeDelta: 5 << 20, WALBytes: 9 << 20, Created: []string{}, Dropped: []string{},
				Locks: []report.Lock{lock("rental", "table", "ShareLock"), lock("rental", "table", "AccessExclusiveLock"),
					lock("rental_pkey", "index", "AccessExclusiveLock"), lock("rental_customer", "index", "AccessExclusiveLock"),
					lock("rental_staff", "index", "AccessExclusiveLock"), lock("rental_date", "index", "ShareLock"),
					lock("rental_seq", "sequence", "ShareRowExclusiveLock")},
				Rewrites: []string{"index rental_customer", "index rental_pkey", "index rental_staff", "table rental"}},
			{Ordinal: 2, Line: 9, SQL: "UPDATE archive.a_table_with_quite_a_long_name SET x = 1", ElapsedMS: 0.4, Rows: 1234567890, SizeDelta: -4096,
				Locks:    []report.Lock{lock("archive.a_table_with_quite_a_long_name_of_63_bytes_as_far_as_it_goes", "table", "RowExclusiveLock")},
				Rewrites: []string{"materialized view archive.another_long_name_that_does_not_fit", "table b", "index c"}, Created: []string{}, Dropped: []string{}},
		}}, {Name: "0042_rental.backfill.sql", Phase: "backfill", Committed: true, Statements: []*report.Statement{
			{Ordinal: 1, Line: 2, SQL: "UPDATE rental SET x = 1 WHERE id > :lo AND id <= :hi", Backfill: true, ElapsedMS: 4.2e6, Rows: 16044,
				Locks:    []report.Lock{{Relation: "rental", Kind: "table", Mode: "RowExclusiveLock", HeldMS: 200, Sampled: true}},
				Rewrites: []string{}, Created: []string{}, Dropped: []string{}},
		}}},
		Compat: &compat.Result{Old: 9, New: 8, Stages: []compat.Stage{"A", "B", "C"}, AlreadyBroken: 2, Failures: []compat.Failure{
			{Code: compat.Old, Query: "ListRentals", File: "queries/old/rental.sql", Line: 4, Stage: compat.C, SQLState: "42703",
				Message: `column "addr" does not exist`, Reason: "old code is gone by then",
				Cause: &compat.Statement{Migration: "0042_rental.post.sql", Line: 1, SQL: "ALTER TABLE rental DROP COLUMN addr"}}}},
	}
}

func failed() *report.Rehearsal {
	return &report.Rehearsal{
		Snapshot: report.Snapshot{Name: "beta.dump", Bytes: 1 << 20, Format: "plain"}, Sandbox: "local (PostgreSQL 15.18)",
		Verdict: report.Fail, Reasons: []string{"apply 0042_rental.post.sql:2: duplicate"}, Next: "mend the data", Notes: []string{},
		Files: []*report.File{{Name: "0042_rental.post.sql", Phase: "post", Statements: []*report.Statement{
			{Ordinal: 1, Line: 2, SQL: "CREATE UNIQUE INDEX u ON t (a)", Locks: []report.Lock{}, Rewrites: []string{}, Created: []string{}, Dropped: []string{},
				Error: `could not create unique index "u"`, SQLState: "23505",
				Offenders: &migrator.Offenders{Table: "t", Columns: []string{"a", "b"}, Keys: [][]string{{"1", "2"}, {"3", "4"}}, Total: 17, Problem: "duplicate (a)"}},
			{Line: 5, SQL: "SELECT id FROM t WHERE a IS NULL", Verify: true, Locks: []report.Lock{}, Rewrites: []string{}, Created: []string{}, Dropped: []string{},
				Offenders: &migrator.Offenders{Table: "0042_rental.post.sql", Columns: []string{"key"}, Keys: [][]string{{"8"}}, Total: 1, Problem: "found by verify"}},
		}}},
	}
}

func both() report.Document {
	return report.NewDocument("v1.2.3", time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC), []*report.Rehearsal{passed(), failed()})
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := report.Text(&b, both()); err != nil {
		t.Fatal(err)
	}
	golden(t, "two.txt.golden", b.Bytes())
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > 120 || strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns, or blanks at the end: %q", n, line)
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, both()); err != nil {
		t.Fatal(err)
	}
	golden(t, "two.json.golden", b.Bytes())
}

func TestDocumentTakesTheWorstVerdict(t *testing.T) {
	for _, c := range []struct{ verdicts, want string }{
		{"", "pass"}, {"pass", "pass"}, {"pass fail", "fail"}, {"fail pass", "fail"}, {"error fail pass", "error"}, {"fail error", "error"},
	} {
		var all []*report.Rehearsal
		for _, v := range strings.Fields(c.verdicts) {
			all = append(all, &report.Rehearsal{Verdict: report.Verdict(v)})
		}
		if got := report.NewDocument("", time.Time{}, all).Verdict; string(got) != c.want {
			t.Errorf("%q: %s, want %s", c.verdicts, got, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "reports")
	d := both()
	d.Rehearsals = append(d.Rehearsals, passed(), passed())
	taken := passed()
	taken.Snapshot.Name = "acme.dump-2"
	d.Rehearsals = append(d.Rehearsals, taken)
	for range 2 { // the second time over what is there
		paths, err := report.Write(dir, d)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, path := range paths {
			names = append(names, filepath.Base(path))
		}
		if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) != 10 {
			t.Errorf("wrote %q, want ten different files", names)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 10 {
		t.Fatalf("%d files, %v: want 10", len(entries), err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o644 || info.Size() == 0 {
			t.Errorf("%s: %v, %d bytes, %v: want a full file of mode 0644", entry.Name(), info.Mode(), info.Size(), err)
		}
	}
	for i, name := range []string{"acme.dump", "beta.dump", "acme.dump-2"} {
		data, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var one report.Document
		if err := json.Unmarshal(data, &one); err != nil || len(one.Rehearsals) != 1 || one.Verdict != d.Rehearsals[i].Verdict {
			t.Errorf("%s: %v, %+v", name, err, one)
		}
	}
}

func TestWriteSaysWhatItCannotWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "acme.dump.json", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "acme.dump.txt", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := report.Write(dir, report.NewDocument("", time.Time{}, []*report.Rehearsal{passed()}))
	if err == nil || !strings.Contains(fmt.Sprint(err), "write the report") {
		t.Errorf("error %v, want one that says so", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".report-*")); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
