package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/expandcontract/migrate/"

// forbidden holds DESIGN.md's third column: what a package must not reach, also
// through others. A name ending in /... stands for all packages below it.
func forbidden() map[string][]string {
	const pgx, mysql, kong, testcontainers = "github.com/jackc/pgx/v5/...", "github.com/go-sql-driver/mysql/...",
		"github.com/alecthomas/kong/...", "github.com/testcontainers/testcontainers-go/..."
	return map[string][]string{
		"migrations/sqltext": {"github.com/..."},
		"migrations":         {module + "phases/...", module + "migrator/...", module + "drivers/...", module + "rehearse/...", module + "cmd/..."},
		"phases":             {"database/sql", module + "drivers/...", module + "migrator/..."},
		"phases/backfill":    {module + "drivers/...", module + "migrator/..."},
		"migrator":           {pgx, mysql, kong, testcontainers, module + "phases/lint", module + "drivers/...", module + "rehearse/..."},
		"drivers":            {module + "rehearse/...", kong},
		"drivers/postgres":   {module + "rehearse/...", module + "drivers", module + "drivers/mysql", kong},
		"rehearse":           {kong, module + "drivers/...", module + "cmd/..."},
		"rehearse/sandbox":   {module + "migrator/...", module + "drivers/...", kong},
		"rehearse/compat":    {module + "cmd/...", module + "drivers/..."},
		"rehearse/report":    {module + "rehearse", pgx, mysql, "database/sql"},
	}
}

func TestImportDirections(t *testing.T) {
	for pkg, banned := range forbidden() {
		out, err := exec.Command("go", "list", "-deps", module+pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("go list %s: %v\n%s", pkg, err, out)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if dep == module+pkg {
				continue
			}
			for _, ban := range banned {
				if matches(dep, ban) && !(pkg == "drivers" && strings.HasPrefix(dep, module+"drivers/")) {
					t.Errorf("%s reaches %s, which DESIGN.md forbids (%s)", pkg, dep, ban)
				}
			}
		}
	}
}

func matches(dep, ban string) bool {
	prefix, tree := strings.CutSuffix(ban, "/...")
	return dep == ban || tree && (dep == prefix || strings.HasPrefix(dep, prefix+"/"))
}
