package sandbox

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// mysql is the MySQL or the MariaDB server: two products with one protocol.
type mysql struct{ flavour string }

// root is the account that owns everything in such a sandbox.
const root = "root"

func (m mysql) name() string { return m.flavour }
func (mysql) user() string   { return root }
func (mysql) scheme() string { return MySQL }
func (mysql) port() int      { return 3306 }

func (m mysql) label() string {
	if m.flavour == MariaDB {
		return "MariaDB"
	}
	return "MySQL"
}

func (m mysql) newest() Version {
	if m.flavour == MariaDB {
		return Version{11, 8}
	}
	return Version{9, 7}
}

func (mysql) environment(_ string, port int, password string) []string {
	return []string{"MYSQL_TCP_PORT=" + strconv.Itoa(port), "MYSQL_PWD=" + password, "LC_ALL=C.UTF-8"}
}

func (m mysql) container(password string) (map[string]string, []string) {
	return map[string]string{strings.ToUpper(m.flavour) + "_ROOT_PASSWORD": password}, m.settings()
}

// settings are the same for every engine: locks can be watched, events of the
// client's do not fire, and nothing is synced until SetDurable.
func (m mysql) settings() []string {
	settings := []string{"--max-connections=50", "--innodb-buffer-pool-size=256M", "--event-scheduler=OFF", "--local-infile=0",
		"--performance-schema=ON", "--log-bin-trust-function-creators=1", "--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0",
		"--skip-name-resolve"}
	if m.flavour == MySQL {
		settings = append(settings, "--mysqlx=OFF")
	}
	return settings
}

// answers knows the greeting that a server sends to whoever connects: a packet
// whose first byte is the protocol's version, 10 (MySQL manual, "Protocol::Handshake").
func (mysql) answers(ctx context.Context, host string, port int) bool {
	return greets(ctx, host, port, nil, func(answer []byte) bool { return len(answer) > 4 && answer[3] == 0 && answer[4] == 10 })
}

// folders are where packagers put the server: Debian and Red Hat, their older
// layouts, MySQL's and MariaDB's own archives, Homebrew.
func (m mysql) folders(context.Context) []string {
	folders := []string{"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/mysql/bin"}
	for _, glob := range []string{"/opt/homebrew/opt/" + m.flavour + "*/bin", "/usr/local/opt/" + m.flavour + "*/bin",
		"/home/linuxbrew/.linuxbrew/opt/" + m.flavour + "*/bin", "/usr/local/" + m.flavour + "*/bin"} {
		found, _ := filepath.Glob(glob)
		folders = append(folders, found...)
	}
	return folders
}

// inspect asks the server which of the two it is: mysqld may be MariaDB's.
func (m mysql) inspect(ctx context.Context, folder string) (installation, bool) {
	for _, program := range m.servers() {
		// mysqld  Ver 9.7.4-1 for Linux on x86_64 ((Debian))
		// mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)
		path := filepath.Join(folder, program)
		if !executable(path) {
			continue
		}
		_, version, found := strings.Cut(versionOf(ctx, path), " Ver ")
		version, _, _ = strings.Cut(version, " ")
		clients, complete := m.clients(folder)
		if !found || !complete || strings.Contains(version, "MariaDB") != (m.flavour == MariaDB) {
			continue
		}
		version, _, _ = strings.Cut(version, "-")
		return installation{bin: folder, clients: clients, version: version, series: ParseVersion(m.flavour, version)}, true
	}
	return installation{}, false
}

func (m mysql) servers() []string {
	if m.flavour == MariaDB {
		return []string{"mariadbd", "mysqld"}
	}
	return []string{"mysqld"}
}

// clients finds the folder of the client programs: the server's, or where the PATH
// has them.
func (m mysql) clients(folder string) (string, bool) {
	for _, candidate := range append([]string{folder, "/usr/bin", "/usr/local/bin"}, filepath.SplitList(os.Getenv("PATH"))...) {
		if executable(filepath.Join(candidate, m.client())) && executable(filepath.Join(candidate, m.dumper())) &&
			(m.flavour == MySQL || executable(filepath.Join(candidate, installer))) {
			return candidate, true
		}
	}
	return "", false
}

// installer makes MariaDB's data directory; MySQL's server does it itself.
const installer = "mariadb-install-db"

func (m mysql) client() string {
	if m.flavour == MariaDB {
		return "mariadb"
	}
	return "mysql"
}

func (m mysql) dumper() string {
	if m.flavour == MariaDB {
		return "mariadb-dump"
	}
	return "mysqldump"
}

func (m mysql) packages(Version) string {
	if runtime.GOOS == "darwin" {
		return "brew install " + m.flavour + ", or use --engine docker"
	}
	return "apt-get install " + m.flavour + "-server, or use --engine docker"
}

func (m mysql) initialise(ctx context.Context, l *local) error {
	program, args := m.server(l), []string{"--no-defaults", "--initialize-insecure", "--datadir=" + l.folder.data()}
	if m.flavour == MariaDB {
		program, args = l.program(installer), []string{"--no-defaults", "--datadir=" + l.folder.data(),
			"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}
	}
	cmd := exec.CommandContext(ctx, program, args...)
	messages := &head{limit: messageLimit}
	cmd.Stdout, cmd.Stderr = messages, messages
	l.detached(cmd)
	if err := outcome(ctx, command{name: filepath.Base(program)}, cmd.Run(), messages); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(program), err)
	}
	return m.accounts(l)
}

// accounts writes the statements that the server runs at its first start.
func (m mysql) accounts(l *local) error {
	var sql strings.Builder
	if m.flavour == MariaDB { // its installer makes root accounts without a password
		sql.WriteString("DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');\nFLUSH PRIVILEGES;\n")
	}
	fmt.Fprintf(&sql, "CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '%s';\n", l.password)
	sql.WriteString("GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n")
	fmt.Fprintf(&sql, "ALTER USER 'root'@'localhost' IDENTIFIED BY '%s';\n", l.password)
	if err := os.WriteFile(m.initFile(l), []byte(sql.String()), 0o600); err != nil {
		return err
	}
	return l.account.own(m.initFile(l))
}

func (mysql) initFile(l *local) string { return filepath.Join(l.folder.path, "accounts.sql") }

func (m mysql) server(l *local) string {
	for _, program := range m.servers() {
		if path := filepath.Join(l.bin, program); executable(path) {
			return path
		}
	}
	return filepath.Join(l.bin, "mysqld")
}

func (m mysql) command(l *local) (string, []string) {
	args := []string{"--no-defaults", "--datadir=" + l.folder.data(), "--port=" + strconv.Itoa(l.port), "--bind-address=127.0.0.1",
		"--socket=" + filepath.Join(l.folder.data(), "s"), "--pid-file=" + filepath.Join(l.folder.data(), pidFile),
		"--tmpdir=" + l.folder.path}
	if _, err := os.Stat(m.initFile(l)); err == nil {
		args = append(args, "--init-file="+m.initFile(l))
	}
	return m.server(l), append(args, m.settings()...)
}

// ready takes the passwords off the disk again: the server has read them by the
// time it listens.
func (m mysql) ready(l *local) error {
	if err := os.Remove(m.initFile(l)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func (m mysql) query(ctx context.Context, s *Server, database string, statements ...string) (string, error) {
	args := []string{"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=" + root, "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4"}
	if database != "" {
		args = append(args, "--database="+database)
	}
	result := ""
	for _, statement := range statements {
		var out bytes.Buffer
		if err := s.machine.run(ctx, command{name: m.client(), args: append(args, "--execute="+statement), stdout: &out}); err != nil {
			return "", serverMessage(err)
		}
		result = strings.TrimSpace(out.String())
	}
	return result, nil
}

// version repeats the question until the server answers: the image's entrypoint
// runs another server first, without a port.
func (m mysql) version(ctx context.Context, s *Server) (string, error) {
	for {
		out, err := s.query(ctx, "", "SELECT version()")
		if err == nil {
			out, _, _ = strings.Cut(out, "-")
			if m.flavour == MariaDB {
				// Who holds a metadata lock is told by a plugin, where the server's package has it.
				_, _ = s.query(ctx, "", "INSTALL SONAME 'metadata_lock_info'")
			}
			return out, nil
		}
		if message := err.Error(); !strings.Contains(message, "2002") && !strings.Contains(message, "2003") && !strings.Contains(message, "2013") {
			return "", err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
	}
}

func (mysql) sync(ctx context.Context, s *Server, on bool) error {
	value := "0"
	if on {
		value = "1"
	}
	_, err := s.query(ctx, "", "SET GLOBAL innodb_flush_log_at_trx_commit = "+value+"; SET GLOBAL sync_binlog = "+value)
	if err == nil && on {
		_, err = s.query(ctx, "", "FLUSH LOGS")
	}
	return err
}

func (mysql) exists(ctx context.Context, s *Server, database string) (bool, error) {
	found, err := s.query(ctx, "", "SELECT count(*) FROM information_schema.schemata WHERE schema_name = "+hexLiteral(database))
	return found != "0", err
}

func (mysql) create(ctx context.Context, s *Server, database string) error {
	_, err := s.query(ctx, "", "CREATE DATABASE "+backticks(database))
	return err
}

// drop ends the sessions in the database first: one that holds a metadata lock
// would keep it from going.
func (mysql) drop(ctx context.Context, s *Server, database string) error {
	kills, err := s.query(ctx, "", "SELECT concat('KILL ', id, ';') FROM information_schema.processlist WHERE db = "+hexLiteral(database))
	if err != nil {
		return err
	}
	for kill := range strings.Lines(kills) {
		_, _ = s.query(ctx, "", strings.TrimSpace(kill)) // it may have ended by itself
	}
	_, err = s.query(ctx, "", "DROP DATABASE IF EXISTS "+backticks(database))
	return err
}

func (m mysql) dump(database string) command {
	return m.dumpWith(database, "--single-transaction")
}

func (m mysql) schema(database string) command {
	return m.dumpWith(database, "--no-data", "--skip-comments")
}

func (m mysql) dumpWith(database string, options ...string) command {
	args := append([]string{"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=" + root, "--routines", "--triggers", "--events"}, options...)
	if m.flavour == MySQL {
		args = append(args, "--set-gtid-purged=OFF", "--column-statistics=0")
	}
	return command{name: m.dumper(), args: append(args, database)}
}

func backticks(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// hexLiteral is a string's literal whatever is in it and whatever sql_mode says.
func hexLiteral(s string) string {
	return "CONVERT(X'" + hex.EncodeToString([]byte(s)) + "' USING utf8mb4)"
}
