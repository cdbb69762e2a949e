package phases

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

func FuzzEffectsPostgres(f *testing.F) { fuzzEffects(f, sqltext.Postgres) }
func FuzzEffectsMySQL(f *testing.F)    { fuzzEffects(f, sqltext.MySQL) }

// fuzzEffects holds that Effects takes any text without a panic, and that no text
// with a token in it is without an effect.
func fuzzEffects(f *testing.F, d sqltext.Dialect) {
	for _, sql := range everyStatement(f, d) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) { holds(t, d, sql) })
}

func holds(t *testing.T, d sqltext.Dialect, sql string) {
	effects := Effects(d, sql)
	if words := sqltext.Words(d, sql, 1); len(words) > 0 && words[0] != ";" && len(effects) == 0 {
		t.Errorf("%s: no effects: %q", d, sql)
	}
	for _, e := range effects {
		if e.Action == "" || e.Action == Unknown && e.Reason == "" {
			t.Errorf("%s: %+v: %q", d, e, sql)
		}
	}
	Touched(effects)
	Fold([][]Effect{effects, effects}, func(_ int, e Effect, before *History) {
		before.Created(e.Object)
		before.LostColumns(e)
	})
}

func everyStatement(t testing.TB, d sqltext.Dialect) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "effects", string(d), "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no statements for %s: %v", d, err)
	}
	var all []string
	for _, file := range files {
		all = append(all, statements(t, d, file)...)
	}
	return all
}

// TestEffectsOfTruncated cuts every statement behind each of its tokens.
func TestEffectsOfTruncated(t *testing.T) {
	for _, d := range []sqltext.Dialect{sqltext.Postgres, sqltext.MySQL} {
		for _, sql := range everyStatement(t, d) {
			for i := range sql {
				if i > 0 && !isLetterOrDigit(sql[i]) {
					holds(t, d, sql[:i])
				}
			}
		}
	}
}

func isLetterOrDigit(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// TestEffectsOfDeepExpressions: the parser's C stack must not overflow, which no
// recover could catch.
func TestEffectsOfDeepExpressions(t *testing.T) {
	for name, sql := range map[string]string{
		"sum":         "SELECT 1" + strings.Repeat("+1", 200_000),
		"parentheses": "SELECT " + strings.Repeat("(", 200_000) + "1" + strings.Repeat(")", 200_000),
		"sums":        "SELECT " + strings.Repeat("(1"+strings.Repeat("+1", 100), 2_000),
		"unions":      "SELECT 1" + strings.Repeat(" UNION SELECT 1", 100_000),
		"joins":       "SELECT * FROM a" + strings.Repeat(" JOIN b ON true", 100_000),
		"casts":       "SELECT 1" + strings.Repeat("::int", 100_000),
		"zero":        "DROP TABLE a\x00",
	} {
		t.Run(name, func(t *testing.T) {
			if effects := Effects(sqltext.Postgres, sql); len(effects) != 1 || effects[0].Action != Unknown {
				t.Errorf("got %v, want one unknown", effects)
			}
		})
	}
	rows := "INSERT INTO t VALUES (1, 'a')" + strings.Repeat(", (1 + 1, 'b'::text)", 50_000)
	if e := Effects(sqltext.Postgres, rows); e[0].Action != InsertRows || e[0].Rows != 50_001 {
		t.Errorf("many rows: %v", e)
	}
}
