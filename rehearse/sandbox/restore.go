package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// restoreJobs bounds pg_restore's parallel connections.
const restoreJobs = 4

// Restore loads a snapshot into a database, which it makes if there is none, with the server's own tools, then
// gathers statistics (ANALYZE), which dumps do not hold. Owners and grants are kept: roles the dump names and the
// sandbox lacks are made without login, so that GRANT and OWNER TO in migrations work as at the client's.
//
// The snapshot is read once before, so that one that ends early or needs a missing extension is refused before
// anything is loaded: see ErrTruncated, ErrMissingExtension, ErrOtherProduct. The first error ends the restore, and
// so does ctx; a database that Restore made is dropped then, another is left as it is.
//
// A plain snapshot is run by psql, which obeys meta-commands like \! in it: outside a container that is as much as
// running a script. Only snapshots from a trusted source belong here.
func (s *Server) Restore(ctx context.Context, snap Snapshot, database string) error {
	if snap.Product != s.product.name() {
		return fmt.Errorf("restore %s: it is a dump of %s and the sandbox is %s: %w", snap.Path, snap.Product, s.product.label(), ErrOtherProduct)
	}
	begin := time.Now()
	created, err := s.ensureDatabase(ctx, database)
	if err != nil {
		return err
	}
	if err := s.product.load(ctx, s, snap, database); err != nil {
		if created {
			err = errors.Join(err, s.dropAfterFailure(ctx, database))
		}
		return err
	}
	s.log.Info("snapshot restored", "snapshot", snap.Name, "server", s.Describe(), "duration", time.Since(begin))
	return nil
}

func (s *Server) ensureDatabase(ctx context.Context, name string) (created bool, err error) {
	found, err := s.product.exists(ctx, s, name)
	if err != nil {
		return false, fmt.Errorf("look for database %s in the sandbox: %w", name, err)
	}
	if found {
		return false, nil
	}
	return true, s.CreateDatabase(ctx, name)
}

// dropAfterFailure works after Ctrl-C too. A server that was closed meanwhile has nothing to drop.
func (s *Server) dropAfterFailure(ctx context.Context, database string) error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return s.DropDatabase(ctx, database)
}

func (postgres) load(ctx context.Context, s *Server, snap Snapshot, database string) error {
	load := s.loadArchive
	if snap.Format == Plain {
		load = s.loadPlain
	}
	if err := load(ctx, snap, database); err != nil {
		return err
	}
	if _, err := s.query(ctx, database, "ANALYZE"); err != nil {
		return fmt.Errorf("analyze %s in the sandbox: %w", database, err)
	}
	return nil
}

// loadPlain feeds psql. Line numbers stay those of the snapshot, so psql's message leads to the place.
func (s *Server) loadPlain(ctx context.Context, snap Snapshot, database string) error {
	needs, err := snap.scanPlain(ctx)
	if err != nil {
		return err
	}
	if err := s.provide(ctx, snap, needs); err != nil {
		return err
	}
	settings, err := s.query(ctx, "postgres", "SELECT name FROM pg_settings")
	if err != nil {
		return fmt.Errorf("list the sandbox's settings: %w", err)
	}
	statements, err := snap.open()
	if err != nil {
		return err
	}
	defer statements.Close()
	reader, writer := io.Pipe()
	defer reader.Close() // ends the filter when psql ended first
	go func() { writer.CloseWithError(filterPlain(writer, statements, strings.Fields(settings))) }()
	err = s.machine.run(ctx, command{
		name:  "psql",
		args:  []string{"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=" + database, "--file=-"},
		stdin: reader,
	})
	return s.restoreError(snap, err)
}

func (s *Server) loadArchive(ctx context.Context, snap Snapshot, database string) (err error) {
	placed, release, err := s.machine.place(ctx, snap.Path)
	if err != nil {
		return fmt.Errorf("restore %s: %w", snap.Path, err)
	}
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, release(clean))
	}()
	needs, err := s.scanArchive(ctx, placed)
	if err != nil {
		return s.restoreError(snap, err)
	}
	if err := s.provide(ctx, snap, needs); err != nil {
		return err
	}
	args := []string{"--exit-on-error", "--dbname=" + database}
	if snap.Format != Tar { // which cannot be read in parallel
		args = append(args, "--jobs="+strconv.Itoa(min(runtime.NumCPU(), restoreJobs)))
	}
	err = s.machine.run(ctx, command{name: "pg_restore", args: append(args, placed)})
	return s.restoreError(snap, err)
}

// scanArchive lets pg_restore write the schema as SQL, for the archive's table of contents does not list who is
// granted what.
func (s *Server) scanArchive(ctx context.Context, placed string) (needs, error) {
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.machine.run(ctx, command{name: "pg_restore", args: []string{"--schema-only", "--file=-", placed}, stdout: writer})
		writer.Close()
		done <- err
	}()
	n, scanErr := scanStatements(reader)
	reader.Close()
	return n, errors.Join(<-done, scanErr)
}

// provide makes the roles a dump names and refuses it when an extension is missing.
func (s *Server) provide(ctx context.Context, snap Snapshot, n needs) error {
	available, err := s.query(ctx, "postgres", "SELECT name FROM pg_available_extensions")
	if err != nil {
		return fmt.Errorf("list the sandbox's extensions: %w", err)
	}
	if missing := n.missing(n.extensions, available); len(missing) > 0 {
		return fmt.Errorf("restore %s: %s has no %s: install it for that server or use an image that has it (--image): %w",
			snap.Path, s.Describe(), strings.Join(missing, ", "), ErrMissingExtension)
	}
	roles, err := s.query(ctx, "postgres", "SELECT rolname FROM pg_roles")
	if err != nil {
		return fmt.Errorf("list the sandbox's roles: %w", err)
	}
	for _, role := range n.missing(n.roles, roles) {
		_, err := s.query(ctx, "postgres", "CREATE ROLE "+quoteIdent(role)+" NOLOGIN")
		if err != nil && !strings.Contains(err.Error(), "already exists") {
			return fmt.Errorf("restore %s: create role %s in the sandbox: %w", snap.Path, role, err)
		}
	}
	return nil
}

// restoreError makes one error of a tool's messages: the first, with the snapshot's name and line.
func (s *Server) restoreError(snap Snapshot, err error) error {
	var failed *programError
	if err == nil {
		return nil
	}
	if !errors.As(err, &failed) {
		return fmt.Errorf("restore %s: %w", snap.Path, err)
	}
	where, message := snap.Path, firstMessage(failed)
	if m := regexp.MustCompile(`(?m)^psql:<stdin>:(\d+): `).FindStringSubmatch(failed.messages); m != nil {
		where += ":" + m[1]
	}
	switch {
	case regexp.MustCompile(`end of file|could not read from input file|could not find block|unexpected end|could not open.*\.dat`).MatchString(failed.messages):
		return fmt.Errorf("restore %s: %s: copy or dump it again: %w", where, message, ErrTruncated)
	case strings.Contains(failed.messages, "unsupported version"):
		return fmt.Errorf("restore %s: %s: pg_dump %s wrote it: restore it into a server of version %d or newer: %w",
			where, message, snap.ToolVersion, ParseVersion(PostgreSQL, snap.ToolVersion).Major, ErrNoEngine)
	}
	return fmt.Errorf("restore %s into %s: %s", where, s.Describe(), message)
}

// firstMessage is the first error a program wrote, with its detail if the server gave one.
func firstMessage(failed *programError) string {
	var message string
	for line := range strings.Lines(failed.messages) {
		line = strings.TrimSpace(line)
		if message == "" {
			for _, mark := range []string{"ERROR:", "FATAL:", "error:"} {
				if _, after, found := strings.Cut(line, mark); found {
					message = strings.TrimSpace(after)
				}
				if message != "" {
					break
				}
			}
			continue
		}
		if detail, found := strings.CutPrefix(line, "DETAIL:"); found {
			return message + " (" + strings.TrimSpace(detail) + ")"
		}
		if strings.Contains(line, "ERROR:") {
			break
		}
	}
	if message == "" {
		return failed.Error()
	}
	return message
}
