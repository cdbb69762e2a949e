package phases

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// TestEffectsOfRepositoryFiles reads every SQL file of the repository's examples
// and of the tool's own ledger: none may hold a statement that cannot be read.
func TestEffectsOfRepositoryFiles(t *testing.T) {
	files := 0
	for _, dir := range []string{"examples", "migrator"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".sql" {
				return err
			}
			files++
			d := sqltext.Postgres
			if strings.Contains(filepath.ToSlash(path), "mysql") {
				d = sqltext.MySQL
			}
			for _, sql := range statements(t, d, path) {
				refuseUnknown(t, sql, Effects(d, sql))
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if files < 5 {
		t.Errorf("read %d files", files)
	}
}

// BenchmarkEffects reads the statements of the tables over and over: a file of a
// migration history has some three of them.
func BenchmarkEffects(b *testing.B) {
	for _, d := range []sqltext.Dialect{sqltext.Postgres, sqltext.MySQL} {
		all := everyStatement(b, d)
		b.Run(string(d), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				Effects(d, all[i%len(all)])
			}
		})
	}
}
