package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Format is how a snapshot is laid out.
type Format string

// Formats: the first three are pg_dump's archives, Plain is a file of SQL statements.
const (
	Custom    Format = "custom"
	Directory Format = "directory"
	Tar       Format = "tar"
	Plain     Format = "plain"
)

// Compression is what was put around a plain snapshot; archives compress inside.
type Compression string

// Compressions, found by the first bytes of the file whatever its name.
const (
	Uncompressed Compression = ""
	Gzip         Compression = "gzip"
	Zstd         Compression = "zstd"
)

// Snapshot is a dump of a client's database, as far as its header tells.
type Snapshot struct {
	Path          string
	Name          string // the last element of Path
	Format        Format
	Compression   Compression
	Product       string  // "postgres", "mysql" or "mariadb"
	Version       Version // series of the dumped server, zero when the header does not say
	ServerVersion string  // the dumped server's version as written, e.g. "15.18 (Debian 15.18-0+deb12u1)"
	ToolVersion   string  // version of the program that wrote the dump
	Size          int64   // bytes on disk; of a folder, all its files
}

// Inspect reads a snapshot's header. Its error wraps fs.ErrNotExist for a missing file, ErrNotADump for something
// that is no dump or is empty, and ErrTruncated for a file that ends within its header. A dump of MySQL or MariaDB is
// no error: Product tells.
func Inspect(path string) (Snapshot, error) {
	s := Snapshot{Path: path, Name: filepath.Base(path)}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("snapshot %s: %w: make it with pg_dump --format=custom --file=%s", path, fs.ErrNotExist, path)
	}
	if err != nil {
		return s, fmt.Errorf("inspect snapshot: %w", err)
	}
	if info.IsDir() {
		return inspectDirectory(s)
	}
	if !info.Mode().IsRegular() {
		return s, fmt.Errorf("snapshot %s is not a regular file: save the dump to a file first: %w", path, ErrNotADump)
	}
	if s.Size = info.Size(); s.Size == 0 {
		return s, fmt.Errorf("snapshot %s is empty, so the dump failed: make it again: %w", path, ErrNotADump)
	}
	return inspectFile(s)
}

func inspectDirectory(s Snapshot) (Snapshot, error) {
	toc := filepath.Join(s.Path, "toc.dat")
	header, err := readHead(toc, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("snapshot %s is a folder without toc.dat, so not one of pg_dump --format=directory: %w", s.Path, ErrNotADump)
	}
	if err != nil {
		return s, fmt.Errorf("inspect snapshot: %w", err)
	}
	s.Format = Directory
	err = filepath.WalkDir(s.Path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			s.Size += info.Size()
		}
		return err
	})
	if err != nil {
		return s, fmt.Errorf("inspect snapshot: %w", err)
	}
	return s.withArchiveHeader(header)
}

// headSize is how much of a file Inspect looks at; headers are some hundred bytes.
const headSize = 16 << 10

func readHead(path string, offset int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.NewSectionReader(f, offset, headSize))
	return content, err
}

// SHA256 is the hash of the snapshot in hexadecimal: of the file's content, or of the names and contents of a
// folder's files. It reads everything, on every call.
func (s Snapshot) SHA256(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(s.Path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if s.Format == Directory {
			inner := sha256.New()
			if err := hashFile(ctx, inner, file); err != nil {
				return err
			}
			fmt.Fprintf(sum, "%x %s\n", inner.Sum(nil), filepath.Base(file))
			return nil
		}
		return hashFile(ctx, sum, file)
	})
	if err != nil {
		return "", fmt.Errorf("hash snapshot %s: %w", s.Path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func hashFile(ctx context.Context, w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, cancellable{ctx, f})
	return err
}

// cancellable ends a long read with its context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
