package phases

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEffectsGolden reads the statements of testdata/effects and compares what
// they do with the golden file beside each. Only unknown.sql may hold Unknowns.
func TestEffectsGolden(t *testing.T) {
	for _, d := range []sqltext.Dialect{sqltext.Postgres, sqltext.MySQL} {
		files, err := filepath.Glob(filepath.Join("testdata", "effects", string(d), "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no statements for %s: %v", d, err)
		}
		for _, file := range files {
			t.Run(string(d)+"/"+filepath.Base(file), func(t *testing.T) { golden(t, d, file) })
		}
	}
}

func golden(t *testing.T, d sqltext.Dialect, file string) {
	var got strings.Builder
	for _, sql := range statements(t, d, file) {
		fmt.Fprintf(&got, "%s\n", sqltext.OneLine(sql, 400))
		effects := Effects(d, sql)
		if len(effects) == 0 {
			t.Errorf("no effects: %s", sql)
		}
		if !strings.HasSuffix(file, "unknown.sql") {
			refuseUnknown(t, sql, effects)
		}
		for _, e := range effects {
			describe(&got, "  ", e)
		}
	}
	path := strings.TrimSuffix(file, ".sql") + ".golden"
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("effects differ (-want +got):\n%s", diff)
	}
}

func statements(t testing.TB, d sqltext.Dialect, file string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	split, err := sqltext.Split(d, string(src))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var texts []string
	for _, s := range split {
		texts = append(texts, s.Text)
	}
	return texts
}

func refuseUnknown(t *testing.T, sql string, effects []Effect) {
	t.Helper()
	for _, e := range effects {
		if e.Action == Unknown {
			t.Errorf("unknown: %s: %s", e.Reason, sql)
		}
	}
}

// describe writes an effect on a line: its action and object, then every other
// field that is set, by its name in JSON; its body below.
func describe(out *strings.Builder, indent string, e Effect) {
	body := e.Body
	e.Body = nil
	raw, _ := json.Marshal(e)
	var fields map[string]any
	_ = json.Unmarshal(raw, &fields)
	delete(fields, "action")
	delete(fields, "object")
	fmt.Fprintf(out, "%s%s", indent, e.Action)
	if e.Object != (Object{}) {
		fmt.Fprintf(out, " [%s]", e.Object)
	}
	if e.Object.TableKind != "" {
		fmt.Fprintf(out, " of a %s", e.Object.TableKind)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch value := fields[name].(type) {
		case bool:
			fmt.Fprintf(out, " %s", name)
		case map[string]any:
			fmt.Fprintf(out, " %s=[%s]", name, *e.References)
		default:
			fmt.Fprintf(out, " %s=%v", name, value)
		}
	}
	out.WriteString("\n")
	for _, inner := range body {
		describe(out, indent+"    later: ", inner)
	}
}
