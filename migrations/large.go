package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// LargeFile is the size in bytes above which a file's statements are not kept in
// memory: they are read when they are needed, one at a time.
const LargeFile = 8 << 20

// large is where a large file's statements are.
type large struct {
	fsys    fs.FS
	dialect sqltext.Dialect
	count   int
	size    int64
	changed time.Time
}

// loadLarge reads a large file once, to check it and to count its statements. Its
// verify and undo sections are kept. It may not be a backfill's.
func (m *Migration) loadLarge(fsys fs.FS, info fs.FileInfo, d sqltext.Dialect) error {
	m.large = &large{fsys: fsys, dialect: d, size: info.Size(), changed: info.ModTime()}
	f, err := fsys.Open(m.Name)
	if err != nil {
		return &FileError{Path: m.Path, Err: err}
	}
	defer f.Close()
	return m.parse(f, m.large.size, d, func(section *[]Statement, s Statement) error {
		switch {
		case s.Batch != nil:
			return &FileError{Path: m.Path, Line: s.Pos.Line, Err: fmt.Errorf("a backfill's file may have at most %d MiB", LargeFile>>20)}
		case section != &m.Statements:
			*section = append(*section, s)
		default:
			m.large.count++
		}
		return nil
	})
}

// Count is the number of statements that the phase runs.
func (m *Migration) Count() int {
	if m.large != nil && m.Statements == nil {
		return m.large.count
	}
	return len(m.Statements)
}

var errStop = errors.New("stop")

// From goes through the phase's statements, behind the first done of them. A large
// file is read again, at bounded memory; the error is a *FileError when it cannot
// be, or is another file by now.
func (m *Migration) From(done int) iter.Seq2[*Statement, error] {
	if m.large == nil || m.Statements != nil {
		return func(yield func(*Statement, error) bool) {
			for i := min(done, len(m.Statements)); i < len(m.Statements); i++ {
				if !yield(&m.Statements[i], nil) {
					return
				}
			}
		}
	}
	return func(yield func(*Statement, error) bool) {
		if err := m.reread(done, func(s *Statement) bool { return yield(s, nil) }); err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// reread parses the file once more, as a file of its own.
func (m *Migration) reread(done int, yield func(*Statement) bool) error {
	f, err := m.large.fsys.Open(m.Name)
	if err != nil {
		return &FileError{Path: m.Path, Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && (info.Size() != m.large.size || !info.ModTime().Equal(m.large.changed)) {
		err = errors.New("the file has changed since the run began")
	}
	if err != nil {
		return &FileError{Path: m.Path, Err: err, Hint: "run the same command again"}
	}
	again := &Migration{Version: m.Version, Phase: m.Phase, Name: m.Name, Path: m.Path, large: &large{count: m.large.count}}
	return again.parse(f, m.large.size, m.large.dialect, func(section *[]Statement, s Statement) error {
		if section == &again.Statements && s.Ordinal > done && !yield(&s) {
			return errStop
		}
		return nil
	})
}

// Statement is the one with an ordinal, from 1 on.
func (m *Migration) Statement(ordinal int) (*Statement, error) {
	for s, err := range m.From(ordinal - 1) {
		return s, err
	}
	return nil, &FileError{Path: m.Path, Err: fmt.Errorf("there is no statement %d", ordinal)}
}

// Some is the first limit statements behind the first done of them.
func (m *Migration) Some(done, limit int) ([]Statement, error) {
	var some []Statement
	for s, err := range m.From(done) {
		if err != nil || len(some) == limit {
			return slices.Clip(some), err
		}
		some = append(some, *s)
	}
	return slices.Clip(some), nil
}
