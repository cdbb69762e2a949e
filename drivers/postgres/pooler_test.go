package postgres_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/drivers/postgres"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// TestPgBouncer connects through the real pooler.
func TestPgBouncer(t *testing.T) {
	for _, c := range []struct {
		mode, settings string
		refused        bool
	}{
		{"session", "", false},
		{"session", "default_pool_size = 1", false},
		{"transaction", "", true},
		{"transaction", "default_pool_size = 1", true},
		{"transaction", "server_round_robin = 1\nmin_pool_size = 3", true},
		{"statement", "", true},
	} {
		t.Run(c.mode+" "+strings.ReplaceAll(c.settings, "\n", " "), func(t *testing.T) {
			pooled := pgbouncer(t, sandboxtest.Database(t), c.mode, c.settings)
			db, err := drivers.Open(t.Context(), pooled)
			if !c.refused {
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close(t.Context())
				if ok, err := db.TryLock(t.Context(), "run"); !ok || err != nil {
					t.Errorf("the lock: %v, %v", ok, err)
				}
				return
			}
			var pooler *postgres.PoolerError
			if !errors.As(err, &pooler) || !strings.Contains(pooler.Hint(), "session mode") {
				t.Errorf("error is %v, want a refusal of the pooler", err)
			}
		})
	}
}

// pgbouncer runs the pooler in front of a database, as nobody, since it refuses to
// be root, and returns the URL through it.
func pgbouncer(t *testing.T, target, mode, settings string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			t.Skip("SKIPPED, poolers are not tested: no pgbouncer; apt-get install pgbouncer")
		}
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	dir, err := os.MkdirTemp("", "migrate-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = %s\n%s\n", u.Hostname(), u.Port(), u.User.Username(), password, port, mode, settings)
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o644), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody(t)}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", u.Host); err == nil {
			_ = conn.Close()
			return u.String()
		}
	}
	t.Fatal("pgbouncer does not listen")
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func nobody(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
