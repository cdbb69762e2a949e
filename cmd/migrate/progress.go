package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/expandcontract/migrate/migrator"
)

// progress shows what a run does: a bar for backfills on a terminal, plain lines
// otherwise. It writes to stderr only.
type progress struct {
	app      *app
	terminal bool
	bar      *progressbar.ProgressBar
	last     time.Time
	started  time.Time
	rows     int64 // rows done when the backfill was first seen
}

// lineEvery is the pause between two lines of a backfill where there is no terminal.
const lineEvery = 5 * time.Second

func newProgress(a *app) *progress {
	file, ok := a.stderr.(*os.File)
	return &progress{app: a, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (p *progress) event(e migrator.Event) {
	switch e.Kind {
	case migrator.BackfillMoved:
		p.backfill(e)
	case migrator.FileStarted:
		p.started = time.Time{}
	case migrator.FileDone:
		p.finish()
		p.app.notef("%s: done in %s", e.Migration.Name, e.Elapsed.Round(time.Millisecond))
	case migrator.LockRetry:
		p.app.notef("%s: no lock within the timeout, trying again in %s%s", e.At(), e.Elapsed.Round(100*time.Millisecond), waitsFor(e.Blockers))
	case migrator.BuildMoved:
		p.build(e)
	case migrator.Recovered:
		p.app.notef("%s: in flight when the last run died: %s", e.Migration.At(e.Statement.Pos), e.Outcome)
	case migrator.WaitingForLock:
		p.app.notef("another migrate run holds this database, waiting up to %s", e.Elapsed)
	case migrator.StepStarted:
		p.app.notef("release: %s", e.Step)
	}
}

// waitsFor names the session that is in the way.
func waitsFor(blockers []migrator.Blocker) string {
	if len(blockers) == 0 {
		return ""
	}
	text := "; it waits for " + blockers[0].String()
	if more := len(blockers) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// build shows how far an index build is: on a bar, or a line now and then.
func (p *progress) build(e migrator.Event) {
	text := fmt.Sprintf("%s: %s", e.At(), e.Build.Phase)
	if e.Build.Total > 0 {
		text += fmt.Sprintf(", %.0f %% of %d %s", 100*float64(e.Build.Done)/float64(e.Build.Total), e.Build.Total, e.Build.Unit)
	}
	text += waitsFor(e.Blockers)
	if p.terminal {
		p.show(text, float64(e.Build.Done)/float64(max(1, e.Build.Total)))
		return
	}
	if time.Since(p.last) >= lineEvery {
		p.last = time.Now()
		p.app.notef("%s", text)
	}
}

func (p *progress) backfill(e migrator.Event) {
	if p.started.IsZero() {
		p.started, p.last, p.rows = time.Now(), time.Now(), e.Rows
	}
	if p.terminal {
		p.draw(e)
		return
	}
	if time.Since(p.last) < lineEvery {
		return
	}
	p.last = time.Now()
	rate := float64(e.Rows-p.rows) / time.Since(p.started).Seconds()
	p.app.notef("%s: %d rows, %.1f %%, %.0f rows/s", e.Migration.Name, e.Rows, 100*e.Done, rate)
}

// barSteps is the bar's resolution: keys have holes, so it shows shares, not rows.
const barSteps = 1000

func (p *progress) draw(e migrator.Event) {
	rate := float64(e.Rows-p.rows) / max(0.001, time.Since(p.started).Seconds())
	p.show(fmt.Sprintf("%s  %d rows  %.0f rows/s", e.Migration.Name, e.Rows, rate), e.Done)
}

func (p *progress) show(text string, share float64) {
	if p.bar == nil {
		p.bar = progressbar.NewOptions(barSteps, progressbar.OptionSetWriter(p.app.stderr),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30))
	}
	p.bar.Describe(text)
	_ = p.bar.Set(int(share * barSteps)) // a bar that cannot be drawn must not stop the run
}

// finish takes a bar that is still there off the screen.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
