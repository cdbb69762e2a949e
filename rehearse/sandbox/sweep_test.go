package sandbox

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

// childEnv makes a second run of this test binary start a sandbox and wait to be killed.
const childEnv = "MIGRATE_SANDBOX_TEST_CHILD"

func TestSweepChild(t *testing.T) {
	engine, dir, isChild := strings.Cut(os.Getenv(childEnv), ":")
	if !isChild {
		return // run by TestSweepAfterKill only
	}
	s, err := Start(t.Context(), Options{Engine: Kind(engine), CacheDir: dir, Version: Version{Major: testMajor}})
	if err != nil {
		t.Fatal(err)
	}
	switch m := s.machine.(type) {
	case *docker:
		os.Stdout.WriteString("\nid=" + m.ctr.GetContainerID() + "\n")
	case *local:
		os.Stdout.WriteString("\nid=" + m.folder.path + "\n")
	}
	select {}
}

func TestSweepAfterKill(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		id := killedChild(t, o)
		exists := existence(t, o, id)
		if !exists() {
			t.Fatal("the server ended with its owner, so the test proves nothing")
		}
		if err := Sweep(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if exists() {
			t.Errorf("%s is left after the sweep", id)
		}
	})
}

// killedChild starts a sandbox in another process, kills that process and returns the sandbox's name.
func killedChild(t *testing.T, o Options) string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestSweepChild$")
	child.Env = append(os.Environ(), childEnv+"="+string(o.Engine)+":"+o.CacheDir)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var id string
	var seen strings.Builder
	for lines := bufio.NewScanner(out); id == "" && lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		id, _ = strings.CutPrefix(lines.Text(), "id=")
		if !strings.HasPrefix(lines.Text(), "id=") {
			id = ""
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // reports the kill
	if id == "" {
		t.Fatalf("the child started no sandbox: %s", seen.String())
	}
	return id
}

// existence returns a check for the sandbox's container, or for its folder and server process.
func existence(t *testing.T, o Options, id string) func() bool {
	t.Helper()
	if o.Engine == Local {
		pid := folder{path: id}.serverPID()
		return func() bool {
			_, err := os.Stat(id)
			return err == nil || folder{path: id}.servedBy(pid)
		}
	}
	c, err := connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		_, err := c.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
		return err == nil
	}
}

func TestSweepSparesTheLiving(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		s := start(t, o)
		if err := Sweep(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		query(t, s, "postgres", "SELECT 1")
	})
}

func TestSweepSparesOtherHosts(t *testing.T) {
	o := Options{Engine: Local, CacheDir: cacheDir(t)}
	mark := filepath.Join(o.CacheDir, "sandboxes", "abc.owner")
	if err := os.MkdirAll(filepath.Dir(mark), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, mark, []byte(`{"host":"elsewhere","pid":999999,"start":1}`))
	if err := Sweep(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the mark of another host was removed")
	}
}
