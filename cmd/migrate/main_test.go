package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/rehearse/sandbox"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

// TestMain makes the test binary serve as the command too: under the name
// "migrate" it is main itself, so that tests run real processes.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "migrate" {
		main()
	}
	sandboxtest.Main(m)
}

// commandDir is a directory that holds the command under the name "migrate".
func commandDir(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "migrate")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestScripts runs testdata/script/*.txtar, each with the URL of an empty
// database of its own in DATABASE_URL.
func TestScripts(t *testing.T) { scripts(t, "testdata/script", sandboxtest.Local()) }

func TestScriptsOnMariaDB(t *testing.T) {
	scripts(t, "testdata/mariadb", sandboxtest.Kind{Engine: sandbox.Local, Product: sandbox.MariaDB, Version: sandbox.Version{Major: 10, Minor: 11}})
}

// scripts runs the real command against databases of one kind of server.
func scripts(t *testing.T, dir string, kind sandboxtest.Kind) {
	bin := commandDir(t)
	sandboxtest.On(t, kind) // start it once, before the scripts run side by side
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("DATABASE_URL", sandboxtest.DatabaseOn(env.T().(testing.TB), kind))
			env.Setenv("TMPDIR", env.Getenv("WORK")+"/.tmp")
			return os.MkdirAll(env.Getenv("TMPDIR"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"document": isDocument,
			"sql":      runSQL,
			"silent":   isSilent,
			"url":      setURL,
			"nothingleft": func(ts *testscript.TestScript, _ bool, _ []string) {
				left, err := os.ReadDir(ts.Getenv("TMPDIR"))
				ts.Check(err)
				if len(left) > 0 {
					ts.Fatalf("left in the temporary directory: %v", left)
				}
			},
		},
	})
}

// exits CODE ARGS... runs migrate and wants exactly that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("migrate", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want || neg {
		ts.Fatalf("migrate %s exits with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// document SCHEMA [KEY=VALUE]... wants stdout to be exactly one JSON document of
// that schema, with these values at its top.
func isDocument(ts *testscript.TestScript, neg bool, args []string) {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var doc map[string]any
	if err := decoder.Decode(&doc); err != nil {
		ts.Fatalf("stdout is no JSON document: %v", err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		ts.Fatalf("stdout holds more than one document (%v)", err)
	}
	if doc["schema"] != args[0] {
		ts.Fatalf("schema is %v, want %s", doc["schema"], args[0])
	}
	for _, want := range args[1:] {
		key, value, _ := strings.Cut(want, "=")
		if got := fmt.Sprint(doc[key]); got != value {
			ts.Fatalf("%s is %s, want %s", key, got, value)
		}
	}
}

// sql STATEMENT runs it and prints its rows to stdout, columns separated by |.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	db, err := drivers.Open(ctx, ts.Getenv("DATABASE_URL"))
	ts.Check(err)
	defer db.Close(ctx)
	rows, err := db.Query(ctx, args[0])
	if neg && err == nil {
		ts.Fatalf("%s: no error", args[0])
	}
	if !neg {
		ts.Check(err)
	}
	for _, row := range rows {
		var columns []string
		for _, value := range row {
			columns = append(columns, fmt.Sprint(value))
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(columns, "|"))
	}
}

// silent TEXT wants the last command to say it nowhere.
func isSilent(ts *testscript.TestScript, neg bool, args []string) {
	for _, stream := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(stream), args[0]) {
			ts.Fatalf("%q is on %s:\n%s", args[0], stream, ts.ReadFile(stream))
		}
	}
}

// url OLD NEW replaces a part of DATABASE_URL.
func setURL(ts *testscript.TestScript, neg bool, args []string) {
	old := ts.Getenv("DATABASE_URL")
	if !strings.Contains(old, args[0]) {
		ts.Fatalf("DATABASE_URL %s does not hold %s", old, args[0])
	}
	ts.Setenv("DATABASE_URL", strings.Replace(old, args[0], args[1], 1))
}
