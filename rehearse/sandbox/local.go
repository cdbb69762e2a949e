package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
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
	product  product
	account  account
	folder   folder
	port     int
	password string
	pid      int
	exited   chan struct{} // closed when the server's process is gone
}

// localLauncher finds the programs for the wanted version.
func localLauncher(ctx context.Context, o Options, p product) (launcher, error) {
	found := findInstallations(ctx, p)
	if ctx.Err() != nil { // programs that were not asked for their version look absent
		return nil, fmt.Errorf("look for server programs: %w", context.Cause(ctx))
	}
	in, err := chooseInstallation(p, found, o.Version)
	if err != nil {
		return nil, err
	}
	a, err := serverAccount()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	return func(ctx context.Context, password string) (machine, error) {
		return startLocal(ctx, o, p, in, a, password)
	}, nil
}

func startLocal(ctx context.Context, o Options, p product, in installation, a account, password string) (_ machine, err error) {
	f, err := newFolder(o, a)
	if err != nil {
		return nil, err
	}
	l := &local{installation: in, product: p, account: a, folder: f, password: password}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.remove(context.WithoutCancel(ctx)))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.initialise(ctx, l); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		err := l.serve(ctx)
		if err == nil {
			return l, nil
		}
		if attempt == portAttempts || !strings.Contains(err.Error(), "Address already in use") && !strings.Contains(err.Error(), "Can't start server: Bind on TCP/IP port") {
			return nil, err
		}
	}
}

// detached prepares a program that runs under the server's account: its own group, which dies with the context.
func (l *local) detached(cmd *exec.Cmd) {
	cmd.Dir = l.folder.path
	cmd.Env = ownVariables(os.Environ())
	cmd.WaitDelay = time.Second
	cmd.Cancel = func() error { return killGroup(cmd) }
	l.account.detach(cmd)
}

// serve starts the server on a port that was free a moment ago and waits until it listens.
func (l *local) serve(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	l.port = port
	return l.startServer(ctx)
}

// startServer starts the server on its port and waits until it listens.
func (l *local) startServer(ctx context.Context) error {
	log, err := os.Create(l.folder.log())
	if err != nil {
		return err
	}
	defer log.Close()
	// The server outlives this function and the caller's context: remove ends it.
	program, args := l.product.command(l)
	cmd := exec.Command(program, args...)
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
	for !l.product.answers(ctx, "127.0.0.1", l.port) {
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
		return l.product.ready(l)
	}
}

func (l *local) address() (string, int) { return "127.0.0.1", l.port }
func (l *local) describe() string       { return "local " + l.bin }

// run executes a client program under the current account, which can read the user's snapshots.
func (l *local) run(ctx context.Context, c command) error {
	cmd := exec.CommandContext(ctx, l.program(c.name), c.args...)
	cmd.Env = append(ownVariables(os.Environ()), l.product.environment("127.0.0.1", l.port, l.password)...)
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

func (l *local) crash(ctx context.Context) error {
	if err := stopServer(l.pid, l.gone); err != nil {
		return err
	}
	return l.startServer(ctx)
}

func (l *local) gone(wait time.Duration) bool {
	select {
	case <-l.exited:
		return true
	case <-time.After(wait):
		return false
	}
}

// ownVariables drops the caller's variables that would lead a client program to another server or change its output.
func ownVariables(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		for _, prefix := range []string{"PG", "LC_", "PSQL_", "MYSQL_", "MARIADB_"} {
			if strings.HasPrefix(v, prefix) {
				return true
			}
		}
		return false
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
	return err == nil && (slices.Contains(args, f.data()) || slices.Contains(args, "--datadir="+f.data()))
}
