package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// postgres is the PostgreSQL server.
type postgres struct{}

// superuser is the role that owns everything in a PostgreSQL sandbox.
const superuser = "postgres"

func (postgres) name() string    { return PostgreSQL }
func (postgres) label() string   { return "PostgreSQL" }
func (postgres) user() string    { return superuser }
func (postgres) scheme() string  { return PostgreSQL }
func (postgres) newest() Version { return Version{Major: 18} }
func (postgres) port() int       { return 5432 }

func (postgres) environment(host string, port int, password string) []string {
	return []string{"PGHOST=" + host, "PGPORT=" + strconv.Itoa(port), "PGUSER=" + superuser, "PGPASSWORD=" + password,
		"PGSSLMODE=disable", "LC_MESSAGES=C"}
}

func (postgres) container(password string) (map[string]string, []string) {
	command := []string{"postgres"}
	for _, s := range postgresSettings() {
		command = append(command, "-c", s[0]+"="+s[1])
	}
	return map[string]string{"POSTGRES_USER": superuser, "POSTGRES_PASSWORD": password, "POSTGRES_INITDB_ARGS": "--no-sync"}, command
}

// postgresSettings are the same for every engine; the package comment says why.
func postgresSettings() [][2]string {
	return [][2]string{
		{"wal_level", "replica"},
		{"full_page_writes", "on"},
		{"autovacuum", "off"},
		{"max_connections", "50"},
	}
}

func (postgres) answers(ctx context.Context, host string, port int) bool {
	return greets(ctx, host, port, sslRequest(), func(answer []byte) bool { return answer[0] == 'S' || answer[0] == 'N' })
}

// initialise makes the data directory. The order of text is en_US.UTF-8 as in the official images where this
// machine has it.
func (p postgres) initialise(ctx context.Context, l *local) error {
	secret := filepath.Join(l.folder.path, "password")
	if err := os.WriteFile(secret, []byte(l.password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(secret)
	if err := l.account.own(secret); err != nil {
		return err
	}
	var err error
	for _, locale := range []string{"en_US.UTF-8", "C.UTF-8", "C"} {
		if err = p.initdb(ctx, l, secret, locale); err == nil || !strings.Contains(err.Error(), "locale") {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return p.configure(l)
}

func (postgres) initdb(ctx context.Context, l *local, secret, locale string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin, "initdb"), "--pgdata="+l.folder.data(), "--username="+superuser,
		"--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale, "--no-sync", "--no-instructions")
	messages := &head{limit: messageLimit}
	cmd.Stderr = messages
	l.detached(cmd)
	return outcome(ctx, command{name: "initdb"}, cmd.Run(), messages)
}

// configure writes what may not change while the server runs. fsync is set later: see setSync.
func (postgres) configure(l *local) error {
	lines := []string{"listen_addresses = '127.0.0.1'", "unix_socket_directories = '" + strings.ReplaceAll(l.folder.socket(), "'", "''") + "'"}
	for _, s := range postgresSettings() {
		lines = append(lines, s[0]+" = "+s[1])
	}
	// initdb just wrote the data; nothing is lost if the machine fails before setSync.
	lines = append(lines, "fsync = off")
	conf, err := os.OpenFile(filepath.Join(l.folder.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = conf.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	return errors.Join(err, conf.Close())
}

func (postgres) command(l *local) (string, []string) {
	return filepath.Join(l.bin, "postgres"), []string{"-D", l.folder.data(), "-p", strconv.Itoa(l.port)}
}

func (postgres) ready(*local) error { return nil }

func (postgres) query(ctx context.Context, s *Server, database string, statements ...string) (string, error) {
	args := []string{"--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname=" + database}
	for _, statement := range statements {
		args = append(args, "--command="+statement)
	}
	var out bytes.Buffer
	if err := s.machine.run(ctx, command{name: "psql", args: args, stdout: &out}); err != nil {
		return "", serverMessage(err)
	}
	return strings.TrimSpace(out.String()), nil
}

// version repeats the question until the server answers: right after its start it refuses sessions for a moment.
func (p postgres) version(ctx context.Context, s *Server) (string, error) {
	for {
		out, err := s.query(ctx, "postgres", "SHOW server_version")
		if err == nil {
			out, _, _ = strings.Cut(out, " ")
			return out, nil
		}
		if message := err.Error(); !strings.Contains(message, "starting up") && !strings.Contains(message, "not yet accepting") &&
			!strings.Contains(message, "in recovery") {
			return "", err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// sync uses ALTER SYSTEM because a setting from the command line could not be changed without a restart.
func (postgres) sync(ctx context.Context, s *Server, on bool) error {
	value := "off"
	if on {
		value = "on"
	}
	_, err := s.query(ctx, "postgres", "ALTER SYSTEM SET fsync = "+value,
		"ALTER SYSTEM SET synchronous_commit = "+value, "SELECT pg_reload_conf()")
	for now := ""; err == nil && now != value; {
		if now, err = s.query(ctx, "postgres", "SHOW fsync"); err == nil && now != value {
			err = sleep(ctx, 10*time.Millisecond)
		}
	}
	if err == nil && on {
		_, err = s.query(ctx, "postgres", "CHECKPOINT")
	}
	if err != nil {
		return fmt.Errorf("set fsync %s: %w", value, err)
	}
	return nil
}

func (postgres) exists(ctx context.Context, s *Server, database string) (bool, error) {
	found, err := s.query(ctx, "postgres", "SELECT count(*) FROM pg_database WHERE datname = "+quoteLiteral(database))
	return found != "0", err
}

func (postgres) create(ctx context.Context, s *Server, database string) error {
	_, err := s.query(ctx, "postgres", "CREATE DATABASE "+quoteIdent(database))
	return err
}

func (postgres) drop(ctx context.Context, s *Server, database string) error {
	_, err := s.query(ctx, "postgres", "DROP DATABASE IF EXISTS "+quoteIdent(database)+" WITH (FORCE)")
	return err
}

func (postgres) dump(database string) command {
	return command{name: "pg_dump", args: []string{"--format=custom", "--dbname=" + database}}
}

func (postgres) schema(database string) command {
	return command{name: "pg_dump", args: []string{"--schema-only", "--no-owner", "--dbname=" + database}}
}

func quoteIdent(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func quoteLiteral(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
