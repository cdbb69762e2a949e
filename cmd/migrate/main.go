// Command migrate changes the schema of a database while two versions of the
// code run on it: pre, backfill and post around any push, rehearsed before on
// snapshots. This package parses the command line, wires the parts together,
// renders what they return, and is the only one that exits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the exit, so that tests run the real thing.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(stderr)
	defer stop()
	out := &output{stdout: stdout, stderr: stderr, json: asksJSON(args)}
	if err := godotenv.Load(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return out.fail(usageError{err: errors.New(".env: cannot be read as NAME=value lines")})
	}
	err := dispatch(ctx, args, out)
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		err = errors.Join(err, ctx.Err()) // the server words our cancelling as its own refusal
	}
	if err != nil {
		return out.fail(err)
	}
	return exitDone
}

// asksJSON finds --json before the command line is parsed, so that one that does
// not parse is answered with a document too. What follows -- is the push's.
func asksJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

func dispatch(ctx context.Context, args []string, out *output) error {
	var cli CLI
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("migrate"),
		kong.Description("Schema changes that break neither version of your code: pre before the push, backfill, post after it; rehearsed on your clients' data."),
		kong.Vars{"version": "migrate " + toolVersion()},
		kong.UsageOnError(),
		kong.Writers(out.stdout, out.stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help or --version was served
		return nil
	}
	if err != nil {
		return usageError{err: err, hint: "run `migrate --help`"}
	}
	out.json = cli.JSON
	app, err := newApp(cli.Globals, out)
	if err != nil {
		return err
	}
	return command.Run(app)
}

// usageError is a command line or configuration that cannot be followed.
type usageError struct {
	err  error
	hint string
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef is a usageError with a hint.
func usagef(hint, format string, args ...any) error {
	return usageError{err: fmt.Errorf(format, args...), hint: hint}
}
