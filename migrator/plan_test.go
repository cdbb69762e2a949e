package migrator_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// files loads migrations named only, each with a statement of its own.
func files(t *testing.T, names ...string) migrations.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range names {
		fsys[name] = &fstest.MapFile{Data: []byte("SELECT '" + name + "';\nSELECT 2;")}
	}
	set, err := migrations.Load(fsys, "m", sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// applied makes the rows that applying these files would leave.
func applied(set migrations.Set, names ...string) []migrator.Record {
	var records []migrator.Record
	for _, m := range set {
		for _, name := range names {
			if m.Name == name {
				records = append(records, migrator.Record{ID: m.ID(), Name: m.Name, Checksum: m.Checksum, State: migrator.Applied})
			}
		}
	}
	return records
}

func TestNewPlan(t *testing.T) {
	all := []string{"0001_a.pre.sql", "0002_b.backfill.sql", "0002_b.post.sql", "0002_b.pre.sql", "0003_c.pre.sql"}
	tests := []struct {
		name    string
		files   []string
		applied []string
		request migrator.Request
		want    []string
		refused string
	}{
		{name: "pre by version", files: all, request: migrator.Request{Command: migrator.CmdPre},
			want: []string{"0001_a.pre.sql", "0002_b.pre.sql", "0003_c.pre.sql"}},
		{name: "up by version, then phase", files: all, applied: all[:1], request: migrator.Request{Command: migrator.CmdUp},
			want: []string{"0002_b.pre.sql", "0002_b.backfill.sql", "0002_b.post.sql", "0003_c.pre.sql"}},
		{name: "post before its pre", files: all, request: migrator.Request{Command: migrator.CmdPost},
			refused: "0002_b.post.sql must wait for 0002_b.pre.sql and 0002_b.backfill.sql"},
		{name: "post before its backfill", files: all, applied: []string{"0002_b.pre.sql"}, request: migrator.Request{Command: migrator.CmdPost},
			refused: "0002_b.post.sql must wait for 0002_b.backfill.sql"},
		{name: "backfill before its pre", files: all, request: migrator.Request{Command: migrator.CmdBackfill},
			refused: "0002_b.backfill.sql must wait for 0002_b.pre.sql"},
		{name: "late file", files: all, applied: []string{"0003_c.pre.sql"}, request: migrator.Request{Command: migrator.CmdPre},
			refused: "0001_a.pre.sql is older than version 3"},
		{name: "late file allowed", files: all, applied: []string{"0003_c.pre.sql"},
			request: migrator.Request{Command: migrator.CmdPre, AllowLate: true}, want: []string{"0001_a.pre.sql", "0002_b.pre.sql"}},
		{name: "to", files: all, request: migrator.Request{Command: migrator.CmdPre, To: version(t, "2")},
			want: []string{"0001_a.pre.sql", "0002_b.pre.sql"}},
		{name: "nothing", files: all, applied: all, request: migrator.Request{Command: migrator.CmdUp}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := files(t, test.files...)
			plan, err := migrator.NewPlan(set, applied(set, test.applied...), test.request)
			if test.refused != "" {
				var gate *migrator.GateError
				if !errors.As(err, &gate) || !strings.Contains(err.Error(), test.refused) || gate.Hint == "" {
					t.Fatalf("error is %v, want a gate that says %q and a hint", err, test.refused)
				}
				return
			}
			var got []string
			for _, s := range plan.Steps {
				got = append(got, s.Migration.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestNewPlanSeesDriftAndMissingFiles(t *testing.T) {
	set := files(t, "0001_a.pre.sql", "0002_b.pre.sql")
	records := applied(set, "0001_a.pre.sql", "0002_b.pre.sql")
	records[0].Checksum = "another"
	_, err := migrator.NewPlan(set, records, migrator.Request{Command: migrator.CmdPre})
	var drift *migrator.DriftError
	if !errors.As(err, &drift) || !cmp.Equal(drift.Files, []string{"m/0001_a.pre.sql"}) {
		t.Errorf("error is %v", err)
	}
	plan, err := migrator.NewPlan(set[1:], records, migrator.Request{Command: migrator.CmdPre})
	if err != nil || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "0001_a.pre.sql") {
		t.Errorf("warnings are %v, %v", plan.Warnings, err)
	}
}

func TestNewPlanResumesBehindDoneStatements(t *testing.T) {
	set := files(t, "0001_a.pre.sql")
	r := migrator.Record{ID: set[0].ID(), Name: set[0].Name, Checksum: "of an older text", State: migrator.Failed,
		StatementsDone: 1, Digests: []string{set[0].Statements[0].Digest()}}
	plan, err := migrator.NewPlan(set, []migrator.Record{r}, migrator.Request{Command: migrator.CmdPre})
	if err != nil || len(plan.Steps) != 1 || plan.Steps[0].Done() != 1 {
		t.Fatalf("plan is %+v, %v", plan, err)
	}
	r.Digests[0] = "edited"
	var drift *migrator.DriftError
	if _, err := migrator.NewPlan(set, []migrator.Record{r}, migrator.Request{Command: migrator.CmdPre}); !errors.As(err, &drift) {
		t.Errorf("an edit of a done statement is not refused: %v", err)
	}
}

func version(t *testing.T, s string) migrations.Version {
	t.Helper()
	v, err := migrations.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A release runs the before-push backfill of a newer version first.
func TestAfterPushBackfillIsNotLate(t *testing.T) {
	header := func(when string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("-- migrate:backfill table=t key=id when=" + when + "\nUPDATE t SET a = b WHERE id > :lo AND id <= :hi;")}
	}
	set, err := migrations.Load(fstest.MapFS{"0002_b.backfill.sql": header("after-push"), "0003_c.backfill.sql": header("before-push")}, "m", sqltext.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	request := migrator.Request{Command: migrator.CmdBackfill, When: migrations.BeforePush}
	plan, err := migrator.NewPlan(set, nil, request)
	if err != nil || len(plan.Steps) != 1 || plan.Steps[0].Migration.Name != "0003_c.backfill.sql" {
		t.Fatalf("before the push: %+v, %v", plan.Steps, err)
	}
	request.When = ""
	plan, err = migrator.NewPlan(set, applied(set, "0003_c.backfill.sql"), request)
	if err != nil || len(plan.Steps) != 1 || plan.Steps[0].Migration.Name != "0002_b.backfill.sql" {
		t.Errorf("after the push: %+v, %v", plan.Steps, err)
	}
}
