package sqltext

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBind(t *testing.T) {
	values := map[string]any{"lo": 1, "hi": 2}
	for _, c := range []struct {
		name    string
		dialect Dialect
		src     string
		want    string
		args    []any
	}{
		{"repeated", Postgres, "id>:lo AND id <= :hi AND :lo::int > 0", "id>$1 AND id <= $2 AND $1::int > 0", []any{1, 2}},
		{"repeated", MySQL, "id>:lo AND id <= :hi AND :lo > 0", "id>? AND id <= ? AND ? > 0", []any{1, 2, 1}},
		{"quoted", Postgres, `':lo' ":lo" $$:lo$$ /* :lo */ -- :lo`, `':lo' ":lo" $$:lo$$ /* :lo */ -- :lo`, nil},
		{"quoted", MySQL, "':lo' \":lo\" `:lo` # :lo", "':lo' \":lo\" `:lo` # :lo", nil},
		{"cast and assignment", Postgres, "a::lo, a :=hi, f(x := :hi)", "a::lo, a :=hi, f(x := $1)", []any{2}},
		{"slices", Postgres, "a[lo:hi] a[lo :hi] a[1:2] a[(1):hi]", "a[lo:hi] a[lo :hi] a[1:2] a[(1):hi]", nil},
		{"subscripts", Postgres, "ARRAY[:lo, :hi] a[:lo] a[lo:(:hi)] a[(SELECT :lo)]", "ARRAY[$1, $2] a[$1] a[lo:($2)] a[(SELECT $1)]", []any{1, 2}},
		{"key and value", Postgres, "JSON_OBJECT('a':hi)", "JSON_OBJECT('a':hi)", nil},
		{"label", MySQL, "l:LOOP END LOOP", "l:LOOP END LOOP", nil},
		{"own placeholders only", Postgres, "SELECT $1", "SELECT $1", nil},
		{"executable comment", MySQL, "/*!50000 :lo */", "/*!50000 ? */", []any{1}},
	} {
		t.Run(c.name+" "+string(c.dialect), func(t *testing.T) {
			got, args, err := Bind(c.dialect, c.src, values)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.args, args); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBindErrors(t *testing.T) {
	for src, want := range map[string]string{
		"SELECT\n :lo, :nope": "2:7: no value for the parameter :nope",
		"SELECT $2 + :lo":     "1:8: placeholder $2 beside named parameters",
		"SELECT :lo, 'a":      "1:13: unterminated string",
	} {
		if _, _, err := Bind(Postgres, src, map[string]any{"lo": 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", src, err, want)
		}
	}
}

func TestParams(t *testing.T) {
	got := Params(Postgres, "SELECT :b, ':x', :a, :b, a::c, 'unterminated")
	if diff := cmp.Diff([]string{"b", "a"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		dialect Dialect
		src     string
		n       int
		want    []string
	}{
		{Postgres, `create /* x */ index "iDx" on Ärger(a)`, 4, []string{"CREATE", "INDEX", `"iDx"`, "ON"}},
		{Postgres, "select 'a', é + 1", 0, []string{"SELECT", "'a'", ",", "é", "+", "1"}},
		{Postgres, "", 3, nil},
		{MySQL, "/*!40000 alter table `t` disable keys */", 0, []string{"ALTER", "TABLE", "`t`", "DISABLE", "KEYS"}},
	} {
		if diff := cmp.Diff(c.want, Words(c.dialect, c.src, c.n)); diff != "" {
			t.Errorf("%q: %s", c.src, diff)
		}
	}
}

func TestDialect(t *testing.T) {
	got := []string{Postgres.Placeholder(2), MySQL.Placeholder(2), Postgres.QuoteIdent("a\"b`c"), MySQL.QuoteIdent("a\"b`c")}
	want := []string{"$2", "?", "\"a\"\"b`c\"", "`a\"b``c`"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
