// Package sandboxtest gives tests real servers: one throw-away server of each kind for each test binary, started when
// the first test asks for it, and a fresh database for each test. Without a word it is a PostgreSQL of the local
// engine, which starts in about a second. A package that uses it hands its TestMain over:
//
//	func TestMain(m *testing.M) { sandboxtest.Main(m) }
package sandboxtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/expandcontract/migrate/rehearse/sandbox"
)

// shared is the server of this test binary. It is package state because that is what the tests of a binary share;
// nothing but tests links this package.
var shared struct {
	sync.Mutex
	main    bool
	count   int
	servers map[Kind]*started
}

// started is a server, or why there is none.
type started struct {
	server *sandbox.Server
	err    error
}

// Kind is a kind of server.
type Kind struct {
	Engine  sandbox.Kind
	Product string
	Version sandbox.Version
}

// String names the kind for subtests: "mysql9.7".
func (k Kind) String() string { return k.Product + k.Version.String() }

// Local is the PostgreSQL whose programs this machine has.
func Local() Kind { return Kind{Engine: sandbox.Local, Product: sandbox.PostgreSQL} }

// Kinds are the servers that behaviour is proven on: what this machine's programs run, and what it has images of.
// The first two are the machine's own; make images provides the others.
func Kinds() []Kind {
	return []Kind{
		{sandbox.Local, sandbox.PostgreSQL, sandbox.Version{Major: 15}},
		{sandbox.Local, sandbox.MariaDB, sandbox.Version{Major: 10, Minor: 11}},
		{sandbox.Docker, sandbox.PostgreSQL, sandbox.Version{Major: 17}},
		{sandbox.Docker, sandbox.PostgreSQL, sandbox.Version{Major: 18}},
		{sandbox.Docker, sandbox.MariaDB, sandbox.Version{Major: 11, Minor: 8}},
		{sandbox.Docker, sandbox.MySQL, sandbox.Version{Major: 9, Minor: 7}},
	}
}

// Main runs the tests, closes the server if one was started, and exits. Ctrl-C and SIGTERM close it too.
func Main(m *testing.M) {
	shared.main = true
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		closeServers()
		os.Exit(1)
	}()
	code := m.Run()
	if err := closeServers(); err != nil {
		fmt.Fprintf(os.Stderr, "sandboxtest: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func closeServers() error {
	shared.Lock()
	defer shared.Unlock()
	var errs []error
	for _, s := range shared.servers {
		if s.server != nil {
			errs = append(errs, s.server.Close(context.Background()))
		}
	}
	return errors.Join(errs...)
}

// Server is this test binary's local PostgreSQL. The test fails when it cannot be started.
func Server(t testing.TB) *sandbox.Server { return On(t, Local()) }

// On is this test binary's server of a kind. The test fails when it cannot be started; it is skipped, aloud, when its kind
// needs Docker and no daemon answers or the image cannot be had.
func On(t testing.TB, k Kind) *sandbox.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.main {
		t.Fatal("sandboxtest: TestMain of this package must call sandboxtest.Main(m)")
	}
	s := shared.servers[k]
	if s == nil {
		s = &started{}
		s.server, s.err = sandbox.Start(context.Background(), sandbox.Options{Engine: k.Engine, Product: k.Product, Version: k.Version})
		if shared.servers == nil {
			shared.servers = map[Kind]*started{}
		}
		shared.servers[k] = s
	}
	if k.Engine == sandbox.Docker && errors.Is(s.err, sandbox.ErrNoEngine) {
		t.Skipf("SKIPPED, %s is not tested: %v", k, s.err)
	}
	if s.err != nil {
		t.Fatalf("sandboxtest: %s: %v", k, s.err)
	}
	return s.server
}

// Database makes an empty database for the test, drops it when the test is over, together with the sessions
// still in it, and returns its URL.
func Database(t testing.TB) string {
	t.Helper()
	return DatabaseOn(t, Local())
}

// DatabaseOn is Database on a server of a kind.
func DatabaseOn(t testing.TB, k Kind) string {
	t.Helper()
	server := On(t, k)
	name := databaseName(t)
	if err := server.CreateDatabase(t.Context(), name); err != nil {
		t.Fatalf("sandboxtest: %v", err)
	}
	t.Cleanup(func() {
		// The test's context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Errorf("sandboxtest: %v", err)
		}
	})
	return server.URL(name)
}

// databaseName says which test a database belongs to, within PostgreSQL's 63 bytes.
func databaseName(t testing.TB) string {
	shared.Lock()
	shared.count++
	n := shared.count
	shared.Unlock()
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, t.Name())
	return fmt.Sprintf("t%d_%.40s", n, name)
}
