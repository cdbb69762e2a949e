package phases

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// folded visits a change's statements and returns the history as it is before
// the last effect, and that effect.
func folded(t *testing.T, d sqltext.Dialect, change string, look func(Effect, *History)) {
	t.Helper()
	split, err := sqltext.Split(d, change)
	if err != nil {
		t.Fatal(err)
	}
	var statements [][]Effect
	for _, s := range split {
		statements = append(statements, Effects(d, s.Text))
		refuseUnknown(t, s.Text, statements[len(statements)-1])
	}
	visited, total := 0, 0
	for _, effects := range statements {
		total += len(effects)
	}
	Fold(statements, func(_ int, e Effect, before *History) {
		if visited++; visited == total {
			look(e, before)
		}
	})
}

func TestFoldCreated(t *testing.T) {
	for _, test := range []struct {
		name, change string
		dialect      sqltext.Dialect
		want         bool // whether the last effect is on what the change made
	}{
		{"index on a new table", "CREATE TABLE t (id int); CREATE INDEX i ON t (id)", sqltext.Postgres, true},
		{"index on an old table", "CREATE TABLE u (id int); CREATE INDEX i ON t (id)", sqltext.Postgres, false},
		{"schemas are told apart", "CREATE TABLE app.t (id int); CREATE INDEX i ON t (id)", sqltext.Postgres, false},
		{"if not exists", "CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX i ON t (id)", sqltext.Postgres, true},
		{"renamed since", "CREATE TABLE t (id int); ALTER TABLE t RENAME TO u; CREATE INDEX i ON u (id)", sqltext.Postgres, true},
		{"the old name", "CREATE TABLE t (id int); ALTER TABLE t RENAME TO u; CREATE INDEX i ON t (id)", sqltext.Postgres, false},
		{"moved since", "CREATE TABLE t (id int); ALTER TABLE t SET SCHEMA app; CREATE INDEX i ON app.t (id)", sqltext.Postgres, true},
		{"dropped since", "CREATE TABLE t (id int); DROP TABLE t; CREATE INDEX i ON t (id)", sqltext.Postgres, false},
		{"in a branch", "DO $$ BEGIN CREATE TABLE t (id int); END $$; CREATE INDEX i ON t (id)", sqltext.Postgres, false},
		{"new column", "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ALTER c SET NOT NULL", sqltext.Postgres, true},
		{"old column", "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ALTER d SET NOT NULL", sqltext.Postgres, false},
		{"index dropped by its name alone", "CREATE INDEX i ON t (id); DROP INDEX i", sqltext.Postgres, true},
		{"mysql index", "ALTER TABLE t ADD INDEX i (a); ALTER TABLE t DROP INDEX i", sqltext.MySQL, true},
		{"mysql index of another table", "ALTER TABLE t ADD INDEX i (a); ALTER TABLE u DROP INDEX i", sqltext.MySQL, false},
		{"mysql swap", "CREATE TABLE n LIKE t; RENAME TABLE t TO o, n TO t; ALTER TABLE t ADD c int", sqltext.MySQL, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			folded(t, test.dialect, test.change, func(e Effect, before *History) {
				if got := before.Created(e.Object); got != test.want {
					t.Errorf("created %v is %v", e.Object, got)
				}
			})
		})
	}
}

func TestFoldDefault(t *testing.T) {
	for change, want := range map[string]string{
		"ALTER TABLE t ADD c int NOT NULL DEFAULT 5; ALTER TABLE t ALTER c DROP DEFAULT":                                 "5",
		"ALTER TABLE t ADD c int NOT NULL DEFAULT 5, ALTER c DROP DEFAULT":                                               "5",
		"ALTER TABLE t ALTER c DROP DEFAULT":                                                                             "",
		"ALTER TABLE t ADD c int DEFAULT 5; ALTER TABLE t ALTER c SET DEFAULT 6; ALTER TABLE t ALTER c DROP DEFAULT":     "6",
		"ALTER TABLE t ADD c int DEFAULT 5; ALTER TABLE t ALTER c DROP DEFAULT; ALTER TABLE t ALTER c DROP DEFAULT":      "",
		"ALTER TABLE t ADD c int DEFAULT 5; ALTER TABLE t RENAME c TO d; ALTER TABLE t ALTER d DROP DEFAULT":             "5",
		"ALTER TABLE t ADD c int DEFAULT 5; ALTER TABLE t ALTER c SET DEFAULT NULL; ALTER TABLE t ALTER c SET DEFAULT 1": "",
	} {
		folded(t, sqltext.Postgres, change, func(e Effect, before *History) {
			if got, _ := before.Default(e.Object); got.Default != want {
				t.Errorf("%s: default %q, want %q", change, got.Default, want)
			}
		})
	}
}

func TestFoldProvenNotNull(t *testing.T) {
	const set = "; ALTER TABLE t ALTER c SET NOT NULL"
	for change, want := range map[string]bool{
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID":                                                                                 false,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k":                                            true,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL AND d > 0)":                                                                                 true,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0)":                                                                                                   false,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT ENFORCED":                                                                              false,
		"ALTER TABLE t ADD CONSTRAINT k NOT NULL c NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k":                                                       true,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL); ALTER TABLE t DROP CONSTRAINT k":                                                          false,
		"ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; ALTER TABLE t DROP CONSTRAINT IF EXISTS k": false,
	} {
		folded(t, sqltext.Postgres, change+set, func(e Effect, before *History) {
			if got := before.ProvenNotNull(e.Object); got != want {
				t.Errorf("%s: proven is %v", change, got)
			}
		})
	}
}

func TestFoldLostColumns(t *testing.T) {
	for change, want := range map[string][]string{
		"CREATE VIEW v AS SELECT a, b FROM t; CREATE OR REPLACE VIEW v AS SELECT a FROM t":        {"b"},
		"CREATE VIEW v AS SELECT a, b FROM t; DROP VIEW v; CREATE VIEW v AS SELECT b AS c FROM t": {"a", "b"},
		"CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT a, b FROM t":        nil,
		"CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT * FROM t":           nil,
		"CREATE OR REPLACE VIEW v AS SELECT a FROM t":                                             nil,
	} {
		for _, d := range []sqltext.Dialect{sqltext.Postgres, sqltext.MySQL} {
			folded(t, d, change, func(e Effect, before *History) {
				if diff := cmp.Diff(want, before.LostColumns(e)); diff != "" {
					t.Errorf("%s: %s: %s", d, change, diff)
				}
			})
		}
	}
}
