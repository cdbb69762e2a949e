package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/migrator"
)

type statusCmd struct {
	ExitCode bool `help:"Exit 3 when something is pending."`
}

type statusDocument struct {
	Schema     string            `json:"schema"`
	Database   string            `json:"database"`
	Pending    int               `json:"pending"`
	Drifted    []string          `json:"drifted"`
	Left       []string          `json:"left"` // what older releases left over, and what is stuck
	Migrations []statusEntry     `json:"migrations"`
	Release    *migrator.Release `json:"release,omitempty"`
}

type statusEntry struct {
	Version    migrations.Version `json:"version"`
	Phase      migrations.Phase   `json:"phase"`
	Name       string             `json:"name"`
	State      string             `json:"state"`
	Missing    bool               `json:"missing,omitempty"` // in the ledger but not in the directory
	Done       int                `json:"statements_done"`
	Total      int                `json:"statements_total"`
	Finished   *time.Time         `json:"finished,omitempty"`
	DurationMS int64              `json:"duration_ms"`
	By         string             `json:"applied_by,omitempty"`
	Error      string             `json:"error,omitempty"`
}

func (c *statusCmd) Run(ctx context.Context, a *app) error {
	return a.withMigrator(ctx, nil, func(m *migrator.Migrator) error {
		status, err := m.Status(ctx)
		if err != nil {
			return err
		}
		if err := a.printStatus(status); err != nil {
			return err
		}
		if len(status.Drifted) > 0 {
			return &migrator.DriftError{Files: status.Drifted}
		}
		if c.ExitCode && status.Pending() > 0 {
			return refusal{message: fmt.Sprintf("%d migrations are pending", status.Pending())}
		}
		return nil
	})
}

func (a *app) printStatus(s migrator.Status) error {
	doc := statusDocument{Schema: "migrate.status/v1", Database: s.Database, Pending: s.Pending(),
		Drifted: append([]string{}, s.Drifted...), Left: append([]string{}, s.Left...), Migrations: []statusEntry{}, Release: s.Release}
	for _, e := range s.Entries {
		doc.Migrations = append(doc.Migrations, newStatusEntry(e))
	}
	if a.json {
		return a.document(doc)
	}
	a.printf("%s\n\n", doc.Database)
	a.printf("%s\n", statusTable(doc.Migrations))
	if len(s.Left) > 0 {
		a.printf("\nleft over:\n  %s\n", strings.Join(s.Left, "\n  "))
	}
	if r := s.Release; r != nil {
		a.printf("\nrelease %s: %s%s\n", r.ID, r.State, stoppedAt(r))
	}
	return nil
}

func stoppedAt(r *migrator.Release) string {
	step := r.Next()
	if step == nil || r.State == migrator.ReleaseAbandoned {
		return ""
	}
	return fmt.Sprintf(", at its step %s", step.Name)
}

func newStatusEntry(e migrator.Entry) statusEntry {
	entry := statusEntry{Version: e.ID.Version, Phase: e.ID.Phase, Name: e.Name, State: e.State(), Missing: e.Migration == nil}
	if e.Migration != nil {
		entry.Total = e.Migration.Count()
	}
	if r := e.Record; r != nil {
		entry.Done, entry.Total, entry.DurationMS = r.StatementsDone, r.StatementsTotal, r.Duration.Milliseconds()
		entry.By, entry.Error = r.By, r.Error
		if !r.Finished.IsZero() {
			entry.Finished = &r.Finished
		}
	}
	return entry
}

func statusTable(entries []statusEntry) string {
	t := table.NewWriter()
	t.SetStyle(plainStyle())
	t.AppendHeader(table.Row{"state", "migration", "statements", "finished", "took", "by"})
	for _, e := range entries {
		state, finished, took := e.State, "", ""
		if e.Missing {
			state += ", file is gone"
		}
		if e.Finished != nil {
			finished = e.Finished.UTC().Format("2006-01-02 15:04:05Z")
			took = (time.Duration(e.DurationMS) * time.Millisecond).String()
		}
		t.AppendRow(table.Row{state, e.Name, fmt.Sprintf("%d/%d", e.Done, e.Total), finished, took, e.By})
	}
	return t.Render()
}

// plainStyle is a table of columns without frames, easy to read and to grep.
func plainStyle() table.Style {
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = 0
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	return style
}
