package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Exit codes of migrate that the story expects.
const (
	exitOK      = 0
	exitRefused = 3
)

// run calls the migrate binary in the shop's checkout, as the team would, and
// fails when it exits with another code than wanted.
func (d *demo) run(ctx context.Context, database string, want int, args ...string) error {
	shown := slices.Clone(args)
	for i, arg := range shown {
		shown[i] = strings.ReplaceAll(arg, d.work+string(filepath.Separator), "")
	}
	d.tell.Command(append([]string{"migrate"}, shown...)...)
	cmd := exec.CommandContext(ctx, d.migrate, args...)
	cmd.Dir = filepath.Join(d.work, "checkout")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+d.server.URL(database))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out := &indented{tell: d.tell}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	out.Flush()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		return fmt.Errorf("migrate %s exited with %d, want %d", strings.Join(shown, " "), got, want)
	}
	return nil
}

// rehearse runs the release on both snapshots: one must pass, the other must be
// refused with the very orders that were planted.
func (d *demo) rehearse(ctx context.Context) error {
	d.tell.Step("The release is rehearsed on both: a verdict for each")
	err := d.run(ctx, production, exitRefused, "rehearse", "--engine", d.engine, "--out", d.out, d.dump(acmeName), d.dump(globexName))
	if err != nil {
		return err
	}
	acme, _, err := d.verdict(acmeName)
	if err != nil {
		return err
	}
	globex, keys, err := d.verdict(globexName)
	if err != nil {
		return err
	}
	d.promise(acme == "pass", "acme passes")
	d.promise(globex == "fail", "globex fails before Sunday, not on it")
	d.promise(slices.Equal(keys, d.plantedKeys()), fmt.Sprintf("the offending orders are named: %s", strings.Join(keys, " ")))
	d.tell.Say("globex is held back until its duplicates are mended; acme is released now")
	return nil
}

func (d *demo) plantedKeys() []string {
	var keys []string
	for _, pair := range d.globex.Planted() {
		keys = append(keys, strconv.FormatInt(pair.First, 10), strconv.FormatInt(pair.Second, 10))
	}
	return keys
}

// verdict reads a client's report: the verdict, and the keys of the offending rows.
func (d *demo) verdict(client string) (string, []string, error) {
	text, err := os.ReadFile(filepath.Join(d.out, filepath.Base(d.dump(client))+".json"))
	if err != nil {
		return "", nil, err
	}
	var doc struct {
		Rehearsals []struct {
			Verdict string
			Files   []struct {
				Statements []struct {
					Offenders *struct{ Keys [][]string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Rehearsals) != 1 {
		return "", nil, fmt.Errorf("report of %s cannot be read: %w", client, err)
	}
	var keys []string
	for _, file := range doc.Rehearsals[0].Files {
		for _, s := range file.Statements {
			if s.Offenders != nil {
				for _, key := range s.Offenders.Keys {
					keys = append(keys, strings.Join(key, ","))
				}
			}
		}
	}
	return doc.Rehearsals[0].Verdict, keys, nil
}
