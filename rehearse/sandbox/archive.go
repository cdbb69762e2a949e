package sandbox

import (
	"errors"
	"fmt"
)

// errShort: the header goes on beyond the bytes at hand.
var errShort = errors.New("header ends early")

// archiveHeader reads the head of a pg_dump archive, the same in custom files and in the toc.dat of the other two
// formats: magic, version, sizes, format, compression, time, then the database's name and both versions as
// strings (PostgreSQL's source, pg_backup_archiver.c, ReadHead).
type archiveHeader struct {
	rest    []byte
	intSize int
	err     error
}

func (s Snapshot) withArchiveHeader(header []byte) (Snapshot, error) {
	a := archiveHeader{rest: header}
	s.Product = PostgreSQL
	s.ServerVersion, s.ToolVersion = a.versions()
	if a.err != nil {
		return s, fmt.Errorf("snapshot %s: %w: %w", s.Path, a.err, ErrTruncated)
	}
	if s.Version = ParseVersion(s.Product, s.ServerVersion); s.Version.IsZero() {
		return s, fmt.Errorf("snapshot %s has a damaged archive header: copy or dump it again: %w", s.Path, ErrNotADump)
	}
	return s, nil
}

func (a *archiveHeader) versions() (server, tool string) {
	a.take(len("PGDMP"))
	major, minor := a.byte(), a.byte()
	a.byte()
	a.intSize = a.byte()
	a.byte() // size of file offsets
	a.byte() // format
	if major > 1 || minor >= 15 {
		a.byte() // compression algorithm, from PostgreSQL 16 on
	} else {
		a.int() // compression level
	}
	for range 7 { // seconds to daylight saving
		a.int()
	}
	a.string() // the database's name
	return a.string(), a.string()
}

func (a *archiveHeader) take(n int) []byte {
	if a.err != nil || n > len(a.rest) {
		a.err = errShort
		return nil
	}
	taken := a.rest[:n]
	a.rest = a.rest[n:]
	return taken
}

func (a *archiveHeader) byte() int {
	if b := a.take(1); b != nil {
		return int(b[0])
	}
	return 0
}

// int is a sign byte and intSize bytes, the lowest first.
func (a *archiveHeader) int() int {
	negative := a.byte() != 0
	n := 0
	for i, b := range a.take(a.intSize) {
		if i < 7 {
			n |= int(b) << (8 * i)
		}
	}
	if negative {
		return -n
	}
	return n
}

// string is a length and as many bytes; the length -1 stands for none.
func (a *archiveHeader) string() string {
	n := a.int()
	if n < 0 {
		return ""
	}
	return string(a.take(n))
}
