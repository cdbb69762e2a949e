package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/expandcontract/migrate/drivers"
	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

// Exit codes, the contract with scripts.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
	exitLocked  = 4
	exitDrift   = 5
)

// output keeps data on stdout and everything else on stderr.
type output struct {
	stdout, stderr io.Writer
	json           bool
	printed        bool // the JSON document is out
}

// document prints the one JSON document of this run.
func (o *output) document(v any) error {
	o.printed = true
	encoder := json.NewEncoder(o.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (o *output) printf(format string, args ...any) { fmt.Fprintf(o.stdout, format, args...) }

// notef tells people something that is not data.
func (o *output) notef(format string, args ...any) {
	fmt.Fprintf(o.stderr, "migrate: "+format+"\n", args...)
}

// fail prints the error and what to do next, and returns the exit code.
func (o *output) fail(err error) int {
	code, hint := exitCode(err), hintOf(err)
	for _, e := range flatten(err) {
		if errors.Is(e, context.Canceled) {
			e = errInterrupted
		}
		o.notef("error: %v", e)
	}
	if hint != "" {
		o.notef("hint: %s", hint)
	}
	if o.json && !o.printed {
		_ = o.document(struct { // stdout is gone: nobody is left to tell
			Schema   string `json:"schema"`
			Error    string `json:"error"`
			Hint     string `json:"hint,omitempty"`
			ExitCode int    `json:"exit_code"`
		}{"migrate.error/v1", err.Error(), hint, code})
	}
	return code
}

var errInterrupted = errors.New("interrupted")

// flatten lists the errors of an errors.Join one by one. An error that only wraps
// several is one sentence, and stays whole.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !strings.Contains(err.Error(), "\n") {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// refusal is a verdict that is no failure of the tool's: exit 3.
type refusal struct {
	message, hint string
}

func (r refusal) Error() string { return r.message }

func exitCode(err error) int {
	var usage usageError
	var gate *migrator.GateError
	var drift *migrator.DriftError
	var push *migrator.PushError
	var refused refusal
	switch {
	case errors.As(err, &push):
		return push.Code
	case errors.As(err, &usage), errors.Is(err, drivers.ErrURL):
		return exitUsage
	case errors.As(err, &gate), errors.As(err, &refused):
		return exitRefused
	case errors.As(err, &drift):
		return exitDrift
	case errors.Is(err, migrator.ErrLocked), lockTimedOut(err):
		return exitLocked
	default:
		return exitFailed
	}
}

func lockTimedOut(err error) bool {
	refused, ok := migrator.AsServerError(err)
	return ok && refused.Kind == migrator.KindLockTimeout
}

// hintOf is the next command for an error, where there is one.
func hintOf(err error) string {
	var usage usageError
	var gate *migrator.GateError
	var refused refusal
	var unknown *migrator.UnknownOutcomeError
	var file *migrations.FileError
	var statement *migrator.StatementError
	var hinted interface{ Hint() string }
	switch {
	case errors.As(err, &hinted):
		return hinted.Hint()
	case errors.As(err, &usage):
		return usage.hint
	case errors.As(err, &gate):
		return gate.Hint
	case errors.As(err, &refused):
		return refused.hint
	case errors.As(err, &file):
		return file.Hint
	case errors.As(err, new(*migrator.DriftError)):
		return "put the file's text back and make the change in a new version, or run `migrate repair` to accept it as it is"
	case errors.As(err, &unknown):
		return fmt.Sprintf("look whether it took effect, then run `migrate resolve %s --took-effect` or `migrate resolve %s --no-effect`",
			unknown.Migration.Name, unknown.Migration.Name)
	case errors.Is(err, context.Canceled):
		return "run the same command again: it goes on where it stopped"
	case errors.As(err, &statement):
		return statementHint(statement)
	}
	return ""
}

func statementHint(e *migrator.StatementError) string {
	again := "mend it, then run the same command again"
	if refused, ok := migrator.AsServerError(e.Err); ok && refused.Hint != "" {
		again = refused.Hint + "; " + again
	}
	if e.Kept > 0 {
		return fmt.Sprintf("%s: %d statements of the file are done and stay, it goes on with this one", again, e.Kept)
	}
	return again
}
