package drivertest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// faults proves that a broken connection or server is a clear error which leaves
// nothing half recorded.
func (s suite) faults(t *testing.T) {
	t.Run("connection cut", s.connectionCut)
	t.Run("server crash", s.serverCrash)
	t.Run("disk full", s.diskFull)
}

// connectionCut runs through a proxy that is closed while a statement waits.
func (s suite) connectionCut(t *testing.T) {
	for name, statement := range map[string]string{
		"in a transaction": "UPDATE t SET n = n + 1",
		"outside one":      s.sql("CREATE INDEX CONCURRENTLY t_n ON t (n)", "CREATE INDEX t_n ON t (n)"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := s.database(t)
			db, holder := open(t, direct), open(t, direct)
			db.exec("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)")
			holder.exec(s.sql("BEGIN", "START TRANSACTION"), "UPDATE t SET n = n")
			set := s.load(t, files{"1_a.pre.sql": "-- migrate:transaction none\n-- migrate:lock-timeout 1m\nCREATE TABLE first (n int);\n" + statement + ";\nCREATE TABLE third (n int);"})
			through := newProxy(t, direct)
			m := migrator.New(options(open(t, through.url), set))
			failed := make(chan error, 1)
			go func() {
				_, err := m.Run(context(), migrator.CmdUp)
				failed <- err
			}()
			db.await(s.waiting())
			through.cut()
			select {
			case err := <-failed:
				if err == nil || !strings.Contains(err.Error(), "1_a.pre.sql:4") {
					t.Errorf("error is %v, want one that names the statement", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the run has not noticed")
			}
			holder.exec("ROLLBACK")
			run(t, open(t, direct), set, migrator.CmdUp)
			if n := db.value("SELECT n FROM t"); n != map[string]any{"in a transaction": int64(2), "outside one": int64(1)}[name] {
				t.Errorf("n is %v", n)
			}
			db.exec("INSERT INTO third VALUES (1)")
		})
	}
}

// proxy carries connections to a server until it is cut.
type proxy struct {
	url      string
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	p := &proxy{url: u.String(), listener: listener}
	t.Cleanup(p.cut)
	go p.serve(server)
	return p
}

func (p *proxy) serve(server string) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("tcp", server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client, upstream)
		p.mu.Unlock()
		go func() { _, _ = io.Copy(upstream, client) }()
		go func() { _, _ = io.Copy(client, upstream) }()
	}
}

// cut ends all connections and takes no more.
func (p *proxy) cut() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

// serverCrash ends the server under a statement. It is another server than the
// other tests', which go on meanwhile.
func (s suite) serverCrash(t *testing.T) {
	server, err := sandbox.Start(context(), sandbox.Options{Engine: s.kind.Engine, Product: s.kind.Product, Version: s.kind.Version, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context()); err != nil {
			t.Error(err)
		}
	})
	if err := server.CreateDatabase(context(), "crash"); err != nil {
		t.Fatal(err)
	}
	db, holder := open(t, server.URL("crash")), open(t, server.URL("crash"))
	db.exec("CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 1)")
	holder.exec(s.sql("BEGIN", "START TRANSACTION"), "UPDATE t SET n = n")
	set := s.load(t, files{"1_a.pre.sql": "-- migrate:transaction none\n-- migrate:lock-timeout 1m\nCREATE TABLE first (n int);\nUPDATE t SET n = n + 1;\n" +
		s.sql("CREATE INDEX CONCURRENTLY t_n ON t (n)", "CREATE INDEX t_n ON t (n)") + ";"})
	m := migrator.New(options(open(t, server.URL("crash")), set))
	failed := make(chan error, 1)
	go func() {
		_, err := m.Run(context(), migrator.CmdUp)
		failed <- err
	}()
	db.await(s.waiting())
	if err := server.Crash(context()); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "1_a.pre.sql:4") {
		t.Errorf("error is %v, want one that names the statement", err)
	}
	again := open(t, server.URL("crash"))
	run(t, again, set, migrator.CmdUp)
	if n := again.value("SELECT n FROM t"); n != int64(2) {
		t.Errorf("n is %v, want one addition to 1", n)
	}
}

// diskFull fills the small file system that a table lies on, and makes room again.
func (s suite) diskFull(t *testing.T) {
	if s.kind.Engine != sandbox.Local {
		return // the same programs run here as in a container, and only here the disk can be chosen
	}
	dir := smallDisk(t, "150m")
	url := s.database(t)
	db := open(t, url)
	if s.postgres() {
		db.exec("CREATE TABLESPACE small LOCATION '"+dir+"/space'", "CREATE TABLE t (id int PRIMARY KEY, n text) TABLESPACE small")
		t.Cleanup(func() { open(t, url).exec("DROP TABLE t", "DROP TABLESPACE small") })
	} else {
		db.exec("CREATE TABLE t (id int PRIMARY KEY, n text) DATA DIRECTORY = '" + dir + "/space'")
	}
	db.exec("INSERT INTO t VALUES (1, '"+strings.Repeat("x", 1000)+"')", "CREATE TABLE d (n int)")
	for i := range 300 {
		db.exec(fmt.Sprintf("INSERT INTO d VALUES (%d)", i))
	}
	set := s.load(t, files{"1_a.pre.sql": "CREATE TABLE first (n int);\nINSERT INTO t SELECT a.n * 1000 + b.n, (SELECT max(n) FROM t) FROM d a, d b WHERE a.n > 0;\nCREATE TABLE third (n int);"})
	filler := filepath.Join(dir, "filler")
	fillDisk(t, dir, filler)
	_, err := migrator.New(options(db, set)).Run(context(), migrator.CmdUp)
	if _, ok := migrator.AsServerError(err); !ok || !strings.Contains(err.Error(), "1_a.pre.sql:2") {
		t.Errorf("error is %v, want the server's, with the statement's place", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	run(t, open(t, url), set, migrator.CmdUp)
	if n := db.value("SELECT count(*) FROM t"); n != int64(299*300+1) {
		t.Errorf("%v rows, want each once", n)
	}
}

// smallDisk is a file system of that size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "migrate-small-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=755,size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, a full disk is not tested: only root may mount one: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	space := filepath.Join(dir, "space") // the server's account is not known here
	if err := errors.Join(os.Mkdir(space, 0o777), os.Chmod(space, 0o777), chownLike(space)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// chownLike gives the folder to the account that the sandboxes' servers run under:
// PostgreSQL wants to own it.
func chownLike(dir string) error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	return errors.Join(uidErr, gidErr, os.Chown(dir, uid, gid))
}

// fillDisk takes the file system's room, save for a little.
func fillDisk(t *testing.T, dir, filler string) {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filler, make([]byte, max(0, int64(stat.Bavail)*stat.Bsize-(12<<20))), 0o600); err != nil {
		t.Fatal(err)
	}
}
