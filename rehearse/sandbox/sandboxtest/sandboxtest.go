// Package sandboxtest gives tests a real PostgreSQL: one throw-away server for each test binary, started when the
// first test asks for it, and a fresh database for each test. It always uses the local engine, which starts in
// about a second. A package that uses it hands its TestMain over:
//
//	func TestMain(m *testing.M) { sandboxtest.Main(m) }
package sandboxtest

import (
	"context"
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
	started bool
	count   int
	server  *sandbox.Server
	err     error
}

// Main runs the tests, closes the server if one was started, and exits. Ctrl-C and SIGTERM close it too.
func Main(m *testing.M) {
	shared.main = true
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		closeServer()
		os.Exit(1)
	}()
	code := m.Run()
	if err := closeServer(); err != nil {
		fmt.Fprintf(os.Stderr, "sandboxtest: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func closeServer() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return nil
	}
	return shared.server.Close(context.Background())
}

// Server is the running server of this test binary. The test fails when it cannot be started.
func Server(t testing.TB) *sandbox.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.main {
		t.Fatal("sandboxtest: TestMain of this package must call sandboxtest.Main(m)")
	}
	if !shared.started {
		shared.started = true
		shared.server, shared.err = sandbox.Start(context.Background(), sandbox.Options{Engine: sandbox.Local})
	}
	if shared.err != nil {
		t.Fatalf("sandboxtest: %v", shared.err)
	}
	return shared.server
}

// Database makes an empty database for the test, drops it when the test is over, together with the sessions
// still in it, and returns its URL.
func Database(t testing.TB) string {
	t.Helper()
	server := Server(t)
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
