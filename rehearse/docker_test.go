package rehearse_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/expandcontract/migrate/rehearse"
	"github.com/expandcontract/migrate/rehearse/report"
	"github.com/expandcontract/migrate/rehearse/sandbox"
)

func docker(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestDockerRehearsalLeavesNoContainer(t *testing.T) {
	if out, err := docker(t, "image", "inspect", "--format", "{{.Id}}", "postgres:15"); err != nil {
		t.Skipf("SKIPPED, containers are not tested: no docker daemon with the image postgres:15: %v: %s", err, out)
	}
	c := config(t, files{"0001_a.pre.sql": "ALTER TABLE pets ADD COLUMN extra int;"})
	c.Sandbox.Engine = sandbox.Docker
	r := rehearse.Run(t.Context(), c, snapshot(t, planted...))
	wantVerdict(t, r, report.Pass)
	if !strings.Contains(r.Sandbox, "docker") {
		t.Errorf("ran in %q, want a container", r.Sandbox)
	}
	// Only this process's containers: other tests may run theirs at the same time.
	left, err := docker(t, "ps", "--all", "--quiet", "--filter", "label=io.github.expandcontract.migrate.sandbox",
		"--filter", "label=io.github.expandcontract.migrate.owner.pid="+strconv.Itoa(os.Getpid()))
	if err != nil || left != "" {
		t.Errorf("containers left: %q, %v", left, err)
	}
}
