package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// load feeds the client program. Accounts that the dump names as definers and the
// sandbox lacks are made, locked and with all rights, so that views, triggers and
// routines work as at the client's and stay as they are written.
func (m mysql) load(ctx context.Context, s *Server, snap Snapshot, database string) error {
	d, err := snap.scanDump(ctx)
	if err != nil {
		return err
	}
	for _, definer := range d.definers {
		if err := m.provide(ctx, s, definer); err != nil {
			return fmt.Errorf("restore %s: make the definer %s: %w", snap.Path, definer, err)
		}
	}
	statements, err := snap.open()
	if err != nil {
		return err
	}
	defer statements.Close()
	reader, writer := io.Pipe()
	defer reader.Close() // ends the filter when the client program ended first
	go func() { writer.CloseWithError(filterDump(writer, statements)) }()
	err = s.machine.run(ctx, command{
		name: m.client(),
		args: []string{"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=" + root, "--default-character-set=utf8mb4", "--binary-mode",
			"--max-allowed-packet=1G", "--database=" + database},
		stdin: reader,
	})
	if err := m.loadError(s, snap, err); err != nil {
		return err
	}
	return m.analyze(ctx, s, database)
}

// provide makes an account, written 'user'@'host'.
func (mysql) provide(ctx context.Context, s *Server, account string) error {
	known, err := s.query(ctx, "", "SELECT count(*) FROM mysql.user WHERE concat(user, '@', host) = "+
		hexLiteral(strings.ReplaceAll(strings.ReplaceAll(account, "`", ""), "'", "")))
	if err != nil || known != "0" {
		return err
	}
	_, err = s.query(ctx, "", "CREATE USER IF NOT EXISTS "+account+" ACCOUNT LOCK", "GRANT ALL ON *.* TO "+account)
	return err
}

func (mysql) analyze(ctx context.Context, s *Server, database string) error {
	tables, err := s.query(ctx, database, "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'")
	if err != nil {
		return fmt.Errorf("list the restored tables: %w", err)
	}
	var names []string
	for table := range strings.Lines(tables) {
		names = append(names, backticks(strings.TrimRight(table, "\r\n")))
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := s.query(ctx, database, "ANALYZE TABLE "+strings.Join(names, ", ")); err != nil {
		return fmt.Errorf("analyze %s in the sandbox: %w", database, err)
	}
	return nil
}

var clientError = regexp.MustCompile(`ERROR (\d+) \(\w+\) at line (\d+)(?: in file: '[^']*')?: (.*)`)

// loadError is the first message of the client program, with the snapshot's name and line.
func (m mysql) loadError(s *Server, snap Snapshot, err error) error {
	var failed *programError
	if err == nil {
		return nil
	}
	if !errors.As(err, &failed) {
		return fmt.Errorf("restore %s: %w", snap.Path, err)
	}
	match := clientError.FindStringSubmatch(failed.messages)
	if match == nil {
		return fmt.Errorf("restore %s into %s: %w", snap.Path, s.Describe(), serverMessage(err))
	}
	where := snap.Path + ":" + match[2]
	switch match[1] {
	case "1273", "1115", "1286", "1293": // unknown collation, character set, engine
		return fmt.Errorf("restore %s: %s, which %s lacks: restore it into the server that wrote it (%s), for instance with --image: %w",
			where, match[3], s.Describe(), snap.ServerVersion, ErrNoEngine)
	}
	return fmt.Errorf("restore %s into %s: %s", where, s.Describe(), match[3])
}

// dumpNeeds are what a dump of these servers takes for granted.
type dumpNeeds struct {
	definers  []string // `user`@`host`
	databases []string
}

var (
	definerClause = regexp.MustCompile("DEFINER ?= ?(`[^`]*`@`[^`]*`)")
	useDatabase   = regexp.MustCompile("^USE (`[^`]*`);")
)

// scanDump reads a snapshot to its end and fails with ErrTruncated when the line
// that the dump programs write last is not there, with ErrNotADump when it holds
// several databases.
func (s Snapshot) scanDump(ctx context.Context) (dumpNeeds, error) {
	var n dumpNeeds
	r, err := s.open()
	if err != nil {
		return n, err
	}
	defer r.Close()
	complete := false
	err = eachLine(cancellable{ctx, r}, func(line []byte, continued bool) error {
		if continued || bytes.HasPrefix(line, []byte("INSERT INTO")) {
			return nil
		}
		complete = complete || bytes.HasPrefix(line, []byte("-- Dump completed"))
		n.scan(line)
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return n, fmt.Errorf("read snapshot %s: %w", s.Path, context.Cause(ctx))
	case err != nil:
		return n, s.readError(err)
	case !complete:
		return n, fmt.Errorf("snapshot %s lacks the last line of a complete dump: copy or dump it again: %w", s.Path, ErrTruncated)
	case len(n.databases) > 1:
		return n, fmt.Errorf("snapshot %s holds several databases (%s): dump the one to rehearse on: %w", s.Path, strings.Join(n.databases, ", "), ErrNotADump)
	}
	return n, nil
}

func (n *dumpNeeds) scan(line []byte) {
	for _, match := range definerClause.FindAllSubmatch(line, -1) {
		if definer := string(match[1]); !slices.Contains(n.definers, definer) {
			n.definers = append(n.definers, definer)
		}
	}
	if match := useDatabase.FindSubmatch(line); match != nil && !slices.Contains(n.databases, string(match[1])) {
		n.databases = append(n.databases, string(match[1]))
	}
}

// filterDump copies the statements without those that do not fit a sandbox: the
// mark that forbids client commands, which other clients refuse; what leads to
// another database; a replica's position. A line left out becomes an empty one, so
// that line numbers stay.
func filterDump(w io.Writer, r io.Reader) error {
	inPosition := false
	return eachLine(r, func(line []byte, continued bool) error {
		if !continued {
			text := bytes.TrimRight(line, "\r\n")
			starts := bytes.HasPrefix(text, []byte("SET @@GLOBAL.GTID_PURGED"))
			if drops := inPosition || starts || leadsAway(text); drops {
				inPosition = (inPosition || starts) && !bytes.HasSuffix(text, []byte(";"))
				line = []byte("\n")
			}
		}
		_, err := w.Write(line)
		return err
	})
}

func leadsAway(line []byte) bool {
	return bytes.Contains(line[:min(len(line), 12)], []byte("!999999\\-")) || useDatabase.Match(line) ||
		bytes.HasPrefix(line, []byte("CREATE DATABASE ")) || bytes.HasPrefix(line, []byte("/*!40000 DROP DATABASE "))
}
