package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Set is all migrations of a directory, sorted by version, then phase.
type Set []*Migration

// FileError is one file that cannot be used, with the line where that is known.
type FileError struct {
	Path string
	Line int // 0: the file as a whole
	Err  error
	Hint string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// Load parses every *.sql file at the top of fsys before anything can run. All
// faults are reported at once, joined, each a *FileError. Files that do not end
// in .sql and folders are left alone. dir is where fsys lies, for messages.
func Load(fsys fs.FS, dir string, d sqltext.Dialect) (Set, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("read migrations in %s: %w", dir, err)
	}
	var set Set
	var faults []error
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasSuffix(entry.Name(), ".sql") {
			continue
		}
		m, err := loadFile(fsys, dir, entry.Name(), d)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		set = append(set, m)
	}
	slices.SortFunc(set, func(a, b *Migration) int { return a.ID().Compare(b.ID()) })
	faults = append(faults, duplicates(set)...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return set, nil
}

// Compare orders by version, then by phase within a change.
func (id ID) Compare(other ID) int {
	if c := id.Version.Compare(other.Version); c != 0 {
		return c
	}
	return id.Phase.Order() - other.Phase.Order()
}

func loadFile(fsys fs.FS, dir, name string, d sqltext.Dialect) (*Migration, error) {
	full := path.Join(dir, name)
	parsed, err := parseName(name)
	if err != nil {
		return nil, &FileError{Path: full, Err: err}
	}
	m := &Migration{Version: parsed.version, Slug: parsed.slug, Phase: parsed.phase, Name: name, Path: full}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, &FileError{Path: full, Err: err}
	}
	if info.Size() > LargeFile {
		return m, m.loadLarge(fsys, info, d)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, &FileError{Path: full, Err: err}
	}
	defer f.Close()
	return m, m.parse(f, info.Size(), d, func(section *[]Statement, s Statement) error {
		*section = append(*section, s)
		return nil
	})
}

// duplicates finds files of the same version and phase in a sorted set.
func duplicates(set Set) []error {
	var faults []error
	for i := 1; i < len(set); i++ {
		if a, b := set[i-1], set[i]; a.ID() == b.ID() {
			faults = append(faults, &FileError{Path: b.Path,
				Err: fmt.Errorf("version %s has two %s files: %s and %s", b.Version, b.Phase, a.Name, b.Name)})
		}
	}
	return faults
}

// Find returns the migration with that version and phase, or nil.
func (s Set) Find(id ID) *Migration {
	for _, m := range s {
		if m.ID() == id {
			return m
		}
	}
	return nil
}

// Through keeps the migrations up to and including a version; the zero version keeps all.
func (s Set) Through(v Version) Set {
	if v.IsZero() {
		return s
	}
	var kept Set
	for _, m := range s {
		if m.Version.Compare(v) <= 0 {
			kept = append(kept, m)
		}
	}
	return kept
}

// Newest is the highest version among the directory's file names and the number
// of digits it is written with; it parses no file, so that a broken one does not
// keep the next from being written.
func Newest(fsys fs.FS) (Version, int, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return Version{}, 0, err
	}
	var newest Version
	width := 0
	for _, entry := range entries {
		name, err := parseName(entry.Name())
		if err == nil && name.version.Compare(newest) > 0 {
			newest, width = name.version, strings.IndexByte(entry.Name(), '_')
		}
	}
	return newest, width, nil
}
