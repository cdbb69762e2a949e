package sandboxtest_test

import (
	"net/url"
	"testing"

	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { sandboxtest.Main(m) }

func TestDatabaseIsFreshForEachCall(t *testing.T) {
	first, second := sandboxtest.Database(t), sandboxtest.Database(t)
	if first == second {
		t.Fatalf("two calls returned the same database %s", first)
	}
	u, err := url.Parse(first)
	if err != nil || u.Scheme != "postgres" || u.Hostname() != "127.0.0.1" {
		t.Fatalf("URL %q, %v: want postgres:// on 127.0.0.1", first, err)
	}
}

func TestServerIsShared(t *testing.T) {
	first, second := sandboxtest.Server(t), sandboxtest.Server(t)
	if first != second {
		t.Fatal("two calls returned different servers")
	}
}
