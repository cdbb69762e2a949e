package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// folder is a local sandbox on disk: <cache>/sandboxes/<id> with the data directory, the socket, the server's log,
// and beside it <id>.owner. The owner file is written first and removed last, so that there is never a folder
// which Sweep cannot attribute.
type folder struct {
	path  string
	owner string
}

func (f folder) data() string { return filepath.Join(f.path, "data") }
func (f folder) log() string  { return filepath.Join(f.path, "server.log") }

// socket is the folder of the Unix socket, or nothing where its path would be longer than systems allow (103
// bytes on macOS, with room for the socket's own name).
func (f folder) socket() string {
	if len(f.path)+len("/.s.PGSQL.65535") > 103 {
		return ""
	}
	return f.path
}

// DefaultCacheDir is where local sandboxes live unless Options say otherwise: MIGRATE_CACHE, else the folder
// migrate in the user's cache directory. For root it is /var/cache/migrate, because the server then runs under
// another account, which may not enter root's home.
func DefaultCacheDir() (string, error) {
	if dir := os.Getenv("MIGRATE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Getuid() == 0 {
		return "/var/cache/migrate", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory (set MIGRATE_CACHE): %w", err)
	}
	return filepath.Join(dir, "migrate"), nil
}

func sandboxesDir(o Options) (string, error) {
	dir := o.CacheDir
	if dir == "" {
		var err error
		if dir, err = DefaultCacheDir(); err != nil {
			return "", err
		}
	}
	dir, err := filepath.Abs(dir)
	return filepath.Join(dir, "sandboxes"), err
}

// newFolder makes the folder of a new sandbox for the server's account.
func newFolder(o Options, a account) (f folder, err error) {
	parent, err := sandboxesDir(o)
	if err != nil {
		return folder{}, err
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return folder{}, fmt.Errorf("make the folder of sandboxes: %w", err)
	}
	if err := a.canEnter(parent); err != nil {
		return folder{}, err
	}
	path := filepath.Join(parent, randomHex(6))
	f = folder{path: path, owner: path + ".owner"}
	mark, err := json.Marshal(currentOwner())
	if err != nil {
		return folder{}, err
	}
	if err := os.WriteFile(f.owner, mark, 0o600); err != nil {
		return folder{}, fmt.Errorf("mark the sandbox: %w", err)
	}
	if err := errors.Join(os.Mkdir(path, 0o700), a.own(path)); err != nil {
		return folder{}, errors.Join(fmt.Errorf("make the sandbox's folder: %w", err), f.remove())
	}
	return f, nil
}

func (f folder) remove() error {
	if err := os.RemoveAll(f.path); err != nil {
		return err
	}
	if err := os.Remove(f.owner); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// left reports that the process which made the folder is gone. A mark that cannot be read is one that is just
// being written, unless it is old.
func (f folder) left() bool {
	info, err := os.Stat(f.owner)
	if err != nil {
		return false
	}
	var o owner
	mark, err := os.ReadFile(f.owner)
	if err != nil || json.Unmarshal(mark, &o) != nil {
		return time.Since(info.ModTime()) > time.Minute
	}
	return o.dead()
}

// pidFile is where a MySQL or MariaDB server notes its process, told so by its command; PostgreSQL has its own.
const pidFile = "server.pid"

// serverPID is the process that the server has noted, when that process still serves this very folder: after a
// crash the number may belong to anyone.
func (f folder) serverPID() int {
	for _, name := range []string{"postmaster.pid", pidFile} {
		content, err := os.ReadFile(filepath.Join(f.data(), name))
		if err != nil {
			continue
		}
		line, _, _ := strings.Cut(string(content), "\n")
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 1 && f.servedBy(pid) {
			return pid
		}
	}
	return 0
}
