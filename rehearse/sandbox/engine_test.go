package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// testMajor is the version that tests run in both engines: Debian's current one, also among the images.
const testMajor = 15

// engines runs a test with each engine. Without Docker, or without its image, the container half is skipped and
// says so; nothing else is.
func engines(t *testing.T, test func(t *testing.T, o Options)) {
	t.Helper()
	t.Run("local", func(t *testing.T) { test(t, Options{Engine: Local, CacheDir: cacheDir(t)}) })
	t.Run("docker", func(t *testing.T) {
		o := Options{Engine: Docker, Version: Version{Major: testMajor}}
		needDocker(t, o)
		test(t, o)
	})
}

func needDocker(t *testing.T, o Options) {
	t.Helper()
	if _, err := dockerLauncher(t.Context(), o.withDefaults(), postgres{}); err != nil {
		t.Skipf("SKIPPED, containers are not tested: %v", err)
	}
}

// cacheDir is open to the account the server runs under, which testing's own temporary folders are not.
func cacheDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "migrate-sandbox-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// query is the test's own way into the server.
func query(t *testing.T, s *Server, database, statement string) string {
	t.Helper()
	out, err := s.query(t.Context(), database, statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return out
}

// assertEmpty fails when a process, a folder, a container or a volume of this test process is left.
func assertEmpty(t *testing.T, o Options, volumes []string) {
	t.Helper()
	if o.Engine == Local {
		left, _ := filepath.Glob(filepath.Join(o.CacheDir, "sandboxes", "*"))
		if len(left) > 0 {
			t.Errorf("left in the cache directory: %v", left)
		}
		return
	}
	c, err := connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	label := labelPID + "=" + strconv.Itoa(os.Getpid())
	list, err := c.ContainerList(context.Background(), client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", label)})
	if err != nil || len(list.Items) > 0 {
		t.Errorf("containers left: %d, %v", len(list.Items), err)
	}
	for _, volume := range volumes {
		if _, err := c.VolumeInspect(context.Background(), volume, client.VolumeInspectOptions{}); err == nil {
			t.Errorf("volume %s is left", volume)
		}
	}
}

// volumesOf are the anonymous volumes of a container.
func volumesOf(t *testing.T, s *Server) []string {
	t.Helper()
	d, ok := s.machine.(*docker)
	if !ok {
		return nil
	}
	seen, err := d.client.ContainerInspect(t.Context(), d.ctr.GetContainerID(), client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, mount := range seen.Container.Mounts {
		names = append(names, mount.Name)
	}
	if len(names) == 0 {
		t.Error("the container has no anonymous volume, so the test proves nothing")
	}
	return names
}

func TestServerIsSetUpForMeasuring(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		s := start(t, o)
		want := map[string]string{
			"wal_level": "replica", "full_page_writes": "on", "autovacuum": "off", "max_connections": "50",
			"fsync": "off", "synchronous_commit": "off", "server_encoding": "UTF8",
		}
		for name, value := range want {
			if got := query(t, s, "postgres", "SHOW "+name); got != value {
				t.Errorf("%s = %s, want %s", name, got, value)
			}
		}
		if err := s.SetDurable(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := query(t, s, "postgres", "SHOW fsync") + query(t, s, "postgres", "SHOW synchronous_commit"); got != "onon" {
			t.Errorf("fsync and synchronous_commit after SetDurable: %s", got)
		}
		if s.Engine() != o.Engine || s.Series().Major < testMajor || !strings.HasPrefix(s.Describe(), string(o.Engine)+" ") {
			t.Errorf("engine %s, version %s: %s", s.Engine(), s.Version(), s.Describe())
		}
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		s := start(t, o)
		volumes := volumesOf(t, s)
		host, port := s.machine.address()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for range 2 {
			if err := s.Close(ended); err != nil {
				t.Fatalf("close with an ended context: %v", err)
			}
		}
		if s.product.answers(t.Context(), host, port) {
			t.Error("the server still answers")
		}
		assertEmpty(t, o, volumes)
	})
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		for _, delay := range []time.Duration{0, 5, 50, 200, 400, 600, 1200, 2500} {
			ctx, cancel := context.WithTimeout(t.Context(), delay*time.Millisecond)
			s, err := Start(ctx, o)
			cancel()
			if err == nil {
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %d ms: %v, want the context's error", delay, err)
			}
			assertEmpty(t, o, nil)
		}
	})
}

func TestFailedStartLeavesNothing(t *testing.T) {
	o := Options{Engine: Docker, Version: Version{Major: testMajor}}
	needDocker(t, o)
	c, err := connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Without a password the image's entrypoint gives up.
	_, err = startDocker(t.Context(), o.withDefaults(), postgres{}, c, "postgres:15", "")
	if err == nil || !strings.Contains(err.Error(), "ended with code 1") {
		t.Errorf("error %v, want the container's exit code", err)
	}
	assertEmpty(t, o, nil)
}

func TestServersStartSideBySide(t *testing.T) {
	engines(t, func(t *testing.T, o Options) {
		errs := make(chan error)
		for range 3 {
			go func() {
				s, err := Start(t.Context(), o)
				if err == nil {
					err = errors.Join(s.CreateDatabase(t.Context(), "own"), s.Close(t.Context()))
				}
				errs <- err
			}()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		assertEmpty(t, o, nil)
	})
}

func TestPasswordIsInNoError(t *testing.T) {
	s := start(t, Options{Engine: Local, CacheDir: cacheDir(t)})
	_, err := s.query(t.Context(), "no_such_database", "SELECT 1")
	if err == nil || strings.Contains(err.Error(), s.password) || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("error %v", err)
	}
	if err := s.CreateDatabase(t.Context(), `we"ird`); err != nil {
		t.Error(err)
	}
}

func TestNoEngine(t *testing.T) {
	for _, o := range []Options{
		{Engine: Local, Version: Version{Major: 99}},
		{Engine: "podman"},
		{Product: "oracle"},
	} {
		if _, err := Start(t.Context(), o); !errors.Is(err, ErrNoEngine) {
			t.Errorf("%+v: error %v, want ErrNoEngine", o, err)
		}
	}
}

func TestChooseInstallation(t *testing.T) {
	found := []installation{{version: "15.18", series: Version{15, 0}}, {version: "17.2", series: Version{17, 0}}}
	for wanted, version := range map[int]string{0: "17.2", 14: "15.18", 15: "15.18", 16: "17.2", 18: ""} {
		got, err := chooseInstallation(postgres{}, found, Version{Major: wanted})
		if got.version != version || (err == nil) != (version != "") {
			t.Errorf("wanted %d: %q, %v", wanted, got.version, err)
		}
	}
}
