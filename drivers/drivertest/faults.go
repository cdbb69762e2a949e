package drivertest

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/expandcontract/migrate/migrator"
)

// faults proves that a broken connection or server is a clear error which leaves
// nothing half recorded.
func (s suite) faults(t *testing.T) {
	t.Run("connection cut", s.connectionCut)
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
