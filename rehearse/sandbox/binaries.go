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
	bin     string // the folder of initdb, postgres, psql and pg_restore
	version string // e.g. "15.18"
	major   int
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

// binaryFolders lists candidate folders, the PATH's first.
func binaryFolders(ctx context.Context) []string {
	folders := filepath.SplitList(os.Getenv("PATH"))
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, glob := range binaryGlobs() {
		found, _ := filepath.Glob(glob)
		folders = append(folders, found...)
	}
	return folders
}

// findInstallations returns the complete installations, one for each version, oldest first.
func findInstallations(ctx context.Context) []installation {
	var found []installation
	seen := map[string]bool{}
	for _, folder := range binaryFolders(ctx) {
		in, ok := inspectInstallation(ctx, folder)
		if ok && !seen[in.version] {
			seen[in.version] = true
			found = append(found, in)
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return a.major - b.major })
	return found
}

// inspectInstallation asks the server for its version; a folder that lacks one of the programs is passed over,
// for the PATH often has a client without a server.
func inspectInstallation(ctx context.Context, folder string) (installation, bool) {
	for _, program := range []string{"postgres", "initdb", "psql", "pg_restore"} {
		info, err := os.Stat(filepath.Join(folder, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return installation{}, false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, false
	}
	// postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
	_, rest, _ := strings.Cut(string(out), "(PostgreSQL) ")
	version, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return installation{bin: folder, version: version, major: leadingInt(version)}, leadingInt(version) > 0
}

// chooseInstallation takes the wanted major version, else the nearest newer one: a newer server reads an older
// dump, never the other way round. Wanting 0 takes the newest.
func chooseInstallation(found []installation, wanted int) (installation, error) {
	if len(found) == 0 {
		return installation{}, fmt.Errorf("%w: no PostgreSQL server programs on this machine; %s", ErrNoEngine, installHint(wanted))
	}
	if wanted == 0 {
		return found[len(found)-1], nil
	}
	for _, in := range found {
		if in.major >= wanted {
			return in, nil
		}
	}
	var names []string
	for _, in := range found {
		names = append(names, in.version+" in "+in.bin)
	}
	return installation{}, fmt.Errorf("%w: no PostgreSQL %d or newer on this machine (found %s); %s",
		ErrNoEngine, wanted, strings.Join(names, ", "), installHint(wanted))
}

func installHint(wanted int) string {
	version := "postgresql"
	if wanted > 0 {
		version = fmt.Sprintf("postgresql-%d", wanted)
	}
	if runtime.GOOS == "darwin" {
		return "brew install " + strings.Replace(version, "-", "@", 1) + ", or use --engine docker"
	}
	return "apt-get install " + version + ", or use --engine docker"
}
