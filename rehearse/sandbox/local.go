package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// portAttempts is how often a start is repeated when another process took the port in between.
const portAttempts = 5

// local is a server run from this machine's own programs, under an account that is not root, in a folder of the
// cache directory, on 127.0.0.1.
type local struct {
	installation
	account  account
	folder   folder
	port     int
	password string
	pid      int
	exited   chan struct{} // closed when the server's process is gone
}

// localLauncher finds the programs for the wanted version.
func localLauncher(ctx context.Context, o Options) (launcher, error) {
	found := findInstallations(ctx)
	if ctx.Err() != nil { // programs that were not asked for their version look absent
		return nil, fmt.Errorf("look for server programs: %w", context.Cause(ctx))
	}
	in, err := chooseInstallation(found, o.Version)
	if err != nil {
		return nil, err
	}
	a, err := serverAccount()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	return func(ctx context.Context, password string) (machine, error) {
		return startLocal(ctx, o, in, a, password)
	}, nil
}

func startLocal(ctx context.Context, o Options, in installation, a account, password string) (_ machine, err error) {
	f, err := newFolder(o, a)
	if err != nil {
		return nil, err
	}
	l := &local{installation: in, account: a, folder: f, password: password}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.remove(context.WithoutCancel(ctx)))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := l.initialise(ctx); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		err := l.serve(ctx)
		if err == nil {
			return l, nil
		}
		if attempt == portAttempts || !strings.Contains(err.Error(), "Address already in use") {
			return nil, err
		}
	}
}

// initialise makes the data directory. The order of text is en_US.UTF-8 as in the official images where this
// machine has it.
func (l *local) initialise(ctx context.Context) error {
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
		if err = l.initdb(ctx, secret, locale); err == nil || !strings.Contains(err.Error(), "locale") {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return l.configure()
}

func (l *local) initdb(ctx context.Context, secret, locale string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin, "initdb"), "--pgdata="+l.folder.data(), "--username="+superuser,
		"--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale, "--no-sync", "--no-instructions")
	messages := &head{limit: messageLimit}
	cmd.Stderr = messages
	l.detached(cmd)
	return outcome(ctx, command{name: "initdb"}, cmd.Run(), messages)
}

// detached prepares a program that runs under the server's account: its own group, which dies with the context.
func (l *local) detached(cmd *exec.Cmd) {
	cmd.Dir = l.folder.path
	cmd.Env = withoutPG(os.Environ())
	cmd.WaitDelay = time.Second
	cmd.Cancel = func() error { return killGroup(cmd) }
	l.account.detach(cmd)
}

// configure writes what may not change while the server runs. fsync is set later: see setSync.
func (l *local) configure() error {
	lines := []string{"listen_addresses = '127.0.0.1'", "unix_socket_directories = '" + strings.ReplaceAll(l.folder.socket(), "'", "''") + "'"}
	for _, s := range serverSettings() {
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

// serverSettings are the same for every engine; the package comment says why.
func serverSettings() [][2]string {
	return [][2]string{
		{"wal_level", "replica"},
		{"full_page_writes", "on"},
		{"autovacuum", "off"},
		{"max_connections", "50"},
	}
}

// serve starts the server on a port that was free a moment ago and waits until it listens.
func (l *local) serve(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	l.port = port
	log, err := os.Create(l.folder.log())
	if err != nil {
		return err
	}
	defer log.Close()
	// The server outlives this function and the caller's context: remove ends it.
	cmd := exec.Command(filepath.Join(l.bin, "postgres"), "-D", l.folder.data(), "-p", strconv.Itoa(port))
	cmd.Stdout, cmd.Stderr = log, log
	l.detached(cmd)
	cmd.Cancel = nil
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	exited := make(chan struct{})
	l.pid, l.exited = cmd.Process.Pid, exited
	go func() {
		_ = cmd.Wait() // the log has the reason
		close(exited)
	}()
	return l.awaitListening(ctx)
}

func (l *local) awaitListening(ctx context.Context) error {
	for !speaksPostgres(ctx, "127.0.0.1", l.port) {
		select {
		case <-l.exited:
			return fmt.Errorf("the server did not start: %s", lastLines(l.folder.log()))
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
	// The answer may have come from another server that took the port first.
	select {
	case <-l.exited:
		return fmt.Errorf("the server did not start: %s", lastLines(l.folder.log()))
	default:
		return nil
	}
}

func (l *local) address() (string, int) { return "127.0.0.1", l.port }
func (l *local) describe() string       { return "local " + l.bin }

// run executes a client program under the current account, which can read the user's snapshots.
func (l *local) run(ctx context.Context, c command) error {
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin, c.name), c.args...)
	cmd.Env = append(withoutPG(os.Environ()), "PGHOST=127.0.0.1", "PGPORT="+strconv.Itoa(l.port),
		"PGUSER="+superuser, "PGPASSWORD="+l.password, "PGSSLMODE=disable", "LC_MESSAGES=C")
	messages := &head{limit: messageLimit}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, messages
	cmd.WaitDelay = 2 * time.Second
	account{}.detach(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	return outcome(ctx, c, cmd.Run(), messages)
}

func (l *local) place(_ context.Context, path string) (string, func(context.Context) error, error) {
	return path, func(context.Context) error { return nil }, nil
}

func (l *local) remove(context.Context) error {
	if l.exited != nil {
		if err := stopServer(l.pid, l.gone); err != nil {
			return err
		}
	}
	return l.folder.remove()
}

func (l *local) gone(wait time.Duration) bool {
	select {
	case <-l.exited:
		return true
	case <-time.After(wait):
		return false
	}
}

// withoutPG drops the caller's own PG* variables, which would lead psql to another server or change its output.
func withoutPG(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(v, "PG") || strings.HasPrefix(v, "LC_") || strings.HasPrefix(v, "PSQL_")
	})
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// lastLines is the end of a server's log for an error message.
func lastLines(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}

// servedBy reports whether a process is the server of this folder. The server's working directory is its data
// directory; its command line names it too, where the working directory may not be read.
func (f folder) servedBy(pid int) bool {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return false
	}
	if cwd, err := p.Cwd(); err == nil && cwd == f.data() {
		return true
	}
	args, err := p.CmdlineSlice()
	return err == nil && slices.Contains(args, f.data())
}
