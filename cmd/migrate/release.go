package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/expandcontract/migrate/migrator"
)

type releaseCmd struct {
	runFlags
	Resume  bool     `help:"Go on with the release that stopped."`
	Pushed  bool     `help:"With --resume: the push that was under way did go through; do not repeat it."`
	Abandon bool     `help:"Leave the release that stopped behind and begin a new one."`
	Push    []string `arg:"" optional:"" passthrough:"" name:"cmd" help:"Your push: -- CMD ARGS."`
}

type releaseDocument struct {
	Schema string `json:"schema"`
	*migrator.Release
	Error string `json:"error,omitempty"`
}

// Run passes the push's own exit code on when the push fails.
func (c *releaseCmd) Run(ctx context.Context, a *app) error {
	argv := c.Push
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	if len(argv) == 0 && !c.Resume {
		return usagef("give your push command: migrate release -- CMD ARGS", "no push command")
	}
	if len(argv) > 0 {
		if _, err := exec.LookPath(argv[0]); err != nil {
			return usagef("", "the push command: %w", err)
		}
	}
	var bad error
	adjust := func(o *migrator.Options) { bad = c.adjust(o) }
	return a.withMigrator(ctx, adjust, func(m *migrator.Migrator) error {
		if bad != nil {
			return bad
		}
		req := migrator.ReleaseRequest{Resume: c.Resume, Pushed: c.Pushed, Abandon: c.Abandon}
		if len(argv) > 0 {
			req.Push = a.pusher(argv)
		}
		release, err := m.RunRelease(ctx, req)
		return errors.Join(a.printRelease(release, err), releaseError(release, err))
	})
}

// pusher runs the push as a child. Its output goes to stderr with --json, where
// stdout belongs to the document.
func (a *app) pusher(argv []string) func(context.Context, string) error {
	return func(ctx context.Context, release string) error {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, a.stdout, a.stderr
		if a.json {
			cmd.Stdout = a.stderr
		}
		cmd.Env = append(os.Environ(), "MIGRATE_RELEASE="+release)
		// A push is asked to stop and given time: killing it half-way is worse than waiting.
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = time.Minute
		err := cmd.Run()
		if err == nil {
			return nil
		}
		return &migrator.PushError{Code: pushCode(err), Err: err}
	}
}

// pushCode is the child's exit code, as a shell reports it.
func pushCode(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return exitFailed
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// releaseError adds what to do next to a release that stopped.
func releaseError(r *migrator.Release, err error) error {
	if err == nil || r == nil || r.Next() == nil {
		return err
	}
	return stopped{err: err, step: r.Next().Name}
}

// stopped is a release that can be resumed.
type stopped struct {
	err  error
	step migrator.StepName
}

func (s stopped) Error() string { return s.err.Error() }
func (s stopped) Unwrap() error { return s.err }

// Hint is the next command. Post never runs behind a failed push.
func (s stopped) Hint() string {
	resume := "run `migrate release --resume -- CMD` to go on at the step " + string(s.step)
	if s.step == migrator.StepPush {
		return "post has not run, the old code still works on this schema; mend the push, then " + resume
	}
	if cause := hintOf(s.err); cause != "" {
		return cause + "; then " + resume
	}
	return resume
}

func (a *app) printRelease(r *migrator.Release, err error) error {
	if r == nil {
		return nil
	}
	if a.json {
		doc := releaseDocument{Schema: "migrate.release/v1", Release: r}
		if err != nil {
			doc.Error = err.Error()
		}
		return a.document(doc)
	}
	a.printf("release %s: %s\n", r.ID, r.State)
	for _, s := range r.Steps {
		took := ""
		if s.Started != nil && s.Finished != nil {
			took = s.Finished.Sub(*s.Started).Round(time.Millisecond).String()
		}
		a.printf("  %-20s %-8s %s\n", s.Name, s.State, took)
	}
	return nil
}
