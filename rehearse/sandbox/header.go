package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const tarBlock = 512

// inspectFile tells formats apart by their first bytes, since names are up to whoever made the dump.
func inspectFile(s Snapshot) (Snapshot, error) {
	header, err := readHead(s.Path, 0)
	if err != nil {
		return s, fmt.Errorf("inspect snapshot: %w", err)
	}
	switch {
	case bytes.HasPrefix(header, []byte("PGDMP")):
		s.Format = Custom
		return s.withArchiveHeader(header)
	case len(header) > 262 && string(header[257:262]) == "ustar":
		s.Format = Tar
		if !bytes.HasPrefix(header, []byte("toc.dat\x00")) {
			return s, fmt.Errorf("snapshot %s is a tar file, but not one of pg_dump --format=tar: %w", s.Path, ErrNotADump)
		}
		return s.withArchiveHeader(header[tarBlock:])
	}
	s.Format = Plain
	s.Compression = compressionOf(header)
	if header, err = s.plainHead(); err != nil {
		return s, err
	}
	return s.withPlainHeader(header)
}

func compressionOf(header []byte) Compression {
	switch {
	case bytes.HasPrefix(header, []byte{0x1f, 0x8b}):
		return Gzip
	case bytes.HasPrefix(header, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return Zstd
	}
	return Uncompressed
}

func (s Snapshot) plainHead() ([]byte, error) {
	r, err := s.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	header, err := io.ReadAll(io.LimitReader(r, headSize))
	if err != nil && len(header) == 0 {
		return nil, s.readError(err)
	}
	if len(header) == 0 {
		return nil, fmt.Errorf("snapshot %s is empty inside its %s, so the dump failed: make it again: %w", s.Path, s.Compression, ErrNotADump)
	}
	return header, nil
}

// open returns the statements of a plain snapshot without their compression.
func (s Snapshot) open() (io.ReadCloser, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, fmt.Errorf("open snapshot: %w", err)
	}
	switch s.Compression {
	case Gzip:
		r, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(s.readError(err), f.Close())
		}
		return layered{r, func() error { return errors.Join(r.Close(), f.Close()) }}, nil
	case Zstd:
		r, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(s.readError(err), f.Close())
		}
		return layered{r, func() error { r.Close(); return f.Close() }}, nil
	}
	return f, nil
}

// layered closes a decompressor together with its file.
type layered struct {
	io.Reader
	close func() error
}

func (l layered) Close() error { return l.close() }

// readError tells an interrupted copy from a broken disk.
func (s Snapshot) readError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("snapshot %s ends in the middle of its %s data: copy or dump it again: %w", s.Path, s.Compression, ErrTruncated)
	}
	return fmt.Errorf("read snapshot %s: %w", s.Path, err)
}

// plainHeader is one way a dump program introduces itself.
type plainHeader struct {
	product  string
	opening  *regexp.Regexp
	server   *regexp.Regexp
	tool     *regexp.Regexp
	complete string // the line that pg_dump, mysqldump and mariadb-dump write last
}

func plainHeaders() []plainHeader {
	mysqlServer := regexp.MustCompile(`(?m)^-- Server version\s+(\S+)`)
	mysqlTool := regexp.MustCompile(`(?m)^-- (?:MySQL|MariaDB) dump (.*?)\r?$`)
	return []plainHeader{
		{PostgreSQL, regexp.MustCompile(`(?m)^-- PostgreSQL database dump\s*$`), regexp.MustCompile(`(?m)^-- Dumped from database version (.*?)\r?$`),
			regexp.MustCompile(`(?m)^-- Dumped by pg_dump version (.*?)\r?$`), "-- PostgreSQL database dump complete"},
		{"mariadb", regexp.MustCompile(`(?m)^(-- MariaDB dump|/\*M?!999999\\- enable the sandbox mode)`), mysqlServer, mysqlTool, "-- Dump completed"},
		{"mysql", regexp.MustCompile(`(?m)^-- MySQL dump`), mysqlServer, mysqlTool, "-- Dump completed"},
	}
}

func (s Snapshot) withPlainHeader(header []byte) (Snapshot, error) {
	if bytes.Contains(header, []byte("-- PostgreSQL database cluster dump")) {
		return s, fmt.Errorf("snapshot %s is a dump of a whole cluster (pg_dumpall): dump the one database with pg_dump -Fc: %w", s.Path, ErrNotADump)
	}
	for _, h := range plainHeaders() {
		if !h.opening.Match(header) {
			continue
		}
		s.Product = h.product
		if m := h.server.FindSubmatch(header); m != nil {
			s.ServerVersion = string(m[1])
			s.Version = ParseVersion(s.Product, s.ServerVersion)
		}
		if m := h.tool.FindSubmatch(header); m != nil {
			s.ToolVersion = string(m[1])
		}
		return s, nil
	}
	if bytes.HasPrefix(header, []byte("PGDMP")) {
		return s, fmt.Errorf("snapshot %s is a pg_dump archive inside %s: decompress it first: %w", s.Path, s.Compression, ErrNotADump)
	}
	return s, fmt.Errorf("snapshot %s does not start like a dump of pg_dump, mysqldump or mariadb-dump: %w", s.Path, ErrNotADump)
}
