package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// installation is one set of server programs found on this machine.
type installation struct {
	bin     string // the folder of the server's program
	clients string // the folder of the client programs; "": the same
	version string // e.g. "15.18"
	series  Version
}

// program is the path of a client program.
func (in installation) program(name string) string {
	if in.clients == "" {
		return filepath.Join(in.bin, name)
	}
	return filepath.Join(in.clients, name)
}

// binaryGlobs are the places where packagers put server programs that are not on the PATH: Debian and Ubuntu,
// Red Hat's and the PostgreSQL project's RPMs, Homebrew on both processors, Postgres.app, the EDB installer.
func binaryGlobs() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/Library/PostgreSQL/*/bin",
		"/usr/libexec/postgresql*",
	}
}

// findInstallations returns the product's complete installations, one for each version, oldest first.
func findInstallations(ctx context.Context, p product) []installation {
	var found []installation
	seen := map[string]bool{}
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), p.folders(ctx)...) {
		in, ok := p.inspect(ctx, folder)
		if ok && !seen[in.version] {
			seen[in.version] = true
			found = append(found, in)
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return a.series.Compare(b.series) })
	return found
}

func (postgres) folders(ctx context.Context) []string {
	var folders []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, glob := range binaryGlobs() {
		found, _ := filepath.Glob(glob)
		folders = append(folders, found...)
	}
	return folders
}

// inspect asks the server for its version; a folder that lacks one of the programs is passed over, for the PATH
// often has a client without a server.
func (postgres) inspect(ctx context.Context, folder string) (installation, bool) {
	for _, program := range []string{"postgres", "initdb", "psql", "pg_restore"} {
		if !executable(filepath.Join(folder, program)) {
			return installation{}, false
		}
	}
	// postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
	_, rest, _ := strings.Cut(versionOf(ctx, filepath.Join(folder, "postgres")), "(PostgreSQL) ")
	version, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	series := ParseVersion(PostgreSQL, version)
	return installation{bin: folder, version: version, series: series}, !series.IsZero()
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// versionOf is what a program says to --version, empty when it fails.
func versionOf(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// chooseInstallation takes the wanted series, else the nearest newer one: a newer server reads an older dump, never
// the other way round. Wanting none takes the newest.
func chooseInstallation(p product, found []installation, wanted Version) (installation, error) {
	if len(found) == 0 {
		return installation{}, fmt.Errorf("%w: no %s server programs on this machine; %s", ErrNoEngine, p.label(), p.packages(wanted))
	}
	if wanted.IsZero() {
		return found[len(found)-1], nil
	}
	for _, in := range found {
		if in.series.Compare(wanted) >= 0 {
			return in, nil
		}
	}
	var names []string
	for _, in := range found {
		names = append(names, in.version+" in "+in.bin)
	}
	return installation{}, fmt.Errorf("%w: no %s %s or newer on this machine (found %s); %s",
		ErrNoEngine, p.label(), wanted, strings.Join(names, ", "), p.packages(wanted))
}

func (postgres) packages(wanted Version) string {
	version := "postgresql"
	if !wanted.IsZero() {
		version = "postgresql-" + wanted.String()
	}
	if runtime.GOOS == "darwin" {
		return "brew install " + strings.Replace(version, "-", "@", 1) + ", or use --engine docker"
	}
	return "apt-get install " + version + ", or use --engine docker"
}
