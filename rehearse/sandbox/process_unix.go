//go:build unix

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// account is whom the server runs as. PostgreSQL refuses root, so root lends it another account.
type account struct {
	name     string
	uid, gid int
	other    bool // not the account of this process
}

// serverAccount is the current account, or for root the first of postgres and nobody.
func serverAccount() (account, error) {
	if os.Getuid() != 0 {
		return account{uid: os.Getuid(), gid: os.Getgid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil {
			return account{name: name, uid: uid, gid: gid, other: true}, nil
		}
	}
	return account{}, errors.New("the server refuses to run as root and there is neither an account postgres nor nobody")
}

// own gives a path to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// canEnter fails when the account may not pass through one of the folders above path.
func (a account) canEnter(path string) error {
	if !a.other {
		return nil
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if !a.maySearch(info) {
			return fmt.Errorf("account %s, which runs the server for root, may not enter %s: set MIGRATE_CACHE to a folder open to it", a.name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a account) maySearch(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case int(stat.Uid) == a.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == a.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// detach puts a program into its own process group, so that a terminal's Ctrl-C reaches only this process, which
// then ends the program in order; and runs it under the account.
func (a account) detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), NoSetGroups: false}
	}
}

// killGroup ends a detached program and its children when its context ends.
func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// stopServer ends a postmaster: immediate shutdown, for its data is thrown away; then its whole group by force.
// done is closed, or reports true, once the process is gone.
func stopServer(pid int, gone func(time.Duration) bool) error {
	if err := syscall.Kill(pid, syscall.SIGQUIT); errors.Is(err, syscall.ESRCH) {
		return nil
	}
	if gone(10 * time.Second) {
		return nil
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill server process group %d: %w", pid, err)
	}
	if gone(5 * time.Second) {
		return nil
	}
	return fmt.Errorf("server process %d does not end", pid)
}

// running reports whether a process of that id exists.
func running(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
