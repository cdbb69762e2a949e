//go:build !unix

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// account stands for the current one: without Unix accounts there is no local engine.
type account struct {
	name  string
	other bool
}

func serverAccount() (account, error) {
	return account{}, errors.New("the local engine needs a Unix system: use --engine docker")
}

func (account) own(string) error      { return nil }
func (account) canEnter(string) error { return nil }
func (account) detach(*exec.Cmd)      {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func stopServer(pid int, gone func(time.Duration) bool) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil
	}
	return errors.Join(process.Kill())
}

func running(int) bool { return false }
