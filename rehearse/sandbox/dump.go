package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Dump writes a database of the sandbox to a file, in pg_dump's custom format or as mysqldump's SQL, with the tool
// of the server's version. The file appears whole or not at all.
func (s *Server) Dump(ctx context.Context, database, path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".dump-*")
	if err != nil {
		return fmt.Errorf("dump %s: %w", database, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("dump %s: %w", database, err), file.Close(), os.Remove(file.Name()))
		}
	}()
	c := s.product.dump(database)
	c.stdout = file
	if err := s.machine.run(ctx, c); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// varying is what a dump of definitions says differently each time: pg_dump's key against injected commands, and the
// next number of a table's rows.
var varying = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n| AUTO_INCREMENT=\d+`)

// Schema is the database's definitions as SQL, by the server's own dump program. Equal schemas give equal text.
func (s *Server) Schema(ctx context.Context, database string) (string, error) {
	var out bytes.Buffer
	c := s.product.schema(database)
	c.stdout = &out
	if err := s.machine.run(ctx, c); err != nil {
		return "", fmt.Errorf("dump the schema of %s: %w", database, err)
	}
	return varying.ReplaceAllString(out.String(), ""), nil
}
