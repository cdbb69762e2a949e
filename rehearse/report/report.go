// Package report is the value that rehearsals come to, and its forms: text for
// people, JSON for programs. It holds no client's data but the keys of rows that
// break a migration. How the figures come about is package rehearse's business.
package report

import (
	"time"

	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/compat"
)

// Schema names this version of the JSON form.
const Schema = "migrate.rehearsal/v1"

// Verdict is what a rehearsal proves.
type Verdict string

const (
	Pass  Verdict = "pass"
	Fail  Verdict = "fail"  // the release would break on this snapshot
	Error Verdict = "error" // the rehearsal itself could not be done
)

// Document is one call's report.
type Document struct {
	Schema     string       `json:"schema"`
	Tool       string       `json:"tool"`
	Started    time.Time    `json:"started"`
	Verdict    Verdict      `json:"verdict"` // the worst of the rehearsals
	Rehearsals []*Rehearsal `json:"rehearsals"`
}

// NewDocument takes the worst verdict of its rehearsals.
func NewDocument(tool string, started time.Time, rehearsals []*Rehearsal) Document {
	d := Document{Schema: Schema, Tool: tool, Started: started, Verdict: Pass, Rehearsals: rehearsals}
	for _, r := range rehearsals {
		if r.Verdict == Error || r.Verdict == Fail && d.Verdict == Pass {
			d.Verdict = r.Verdict
		}
	}
	return d
}

// Rehearsal is what happened to one snapshot. Times are in milliseconds, sizes in bytes.
type Rehearsal struct {
	Snapshot  Snapshot       `json:"snapshot"`
	Sandbox   string         `json:"sandbox"`
	Verdict   Verdict        `json:"verdict"`
	Reasons   []string       `json:"reasons"` // why it is not a pass
	Next      string         `json:"next,omitempty"`
	StartMS   int64          `json:"start_ms"`
	RestoreMS int64          `json:"restore_ms"`
	Files     []*File        `json:"files"`
	Compat    *compat.Result `json:"compat,omitempty"`
	Notes     []string       `json:"notes"`
}

// Snapshot identifies the dump.
type Snapshot struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitempty"`
	Bytes   int64  `json:"bytes"`
	Format  string `json:"format"`
	Version string `json:"server_version,omitempty"` // of the dumped server
}

// File is one migration's run.
type File struct {
	Name       string       `json:"name"`
	Phase      string       `json:"phase"`
	Committed  bool         `json:"committed"`
	Statements []*Statement `json:"statements"`
}

// ElapsedMS is the time of all statements.
func (f *File) ElapsedMS() float64 {
	var sum float64
	for _, s := range f.Statements {
		sum += s.ElapsedMS
	}
	return sum
}

// Statement is the evidence of one statement.
type Statement struct {
	Ordinal   int                 `json:"statement"` // 1-based place in the file; 0 for a verify query
	Line      int                 `json:"line"`
	SQL       string              `json:"sql"`
	Backfill  bool                `json:"backfill,omitempty"`
	ElapsedMS float64             `json:"elapsed_ms"`
	Rows      int64               `json:"rows"`
	Locks     []Lock              `json:"locks"`
	Rewrites  []string            `json:"rewrites"` // tables and indexes that were written anew
	Created   []string            `json:"created"`
	Dropped   []string            `json:"dropped"`
	SizeDelta int64               `json:"size_delta"`
	WALBytes  int64               `json:"wal_bytes"`
	Error     string              `json:"error,omitempty"` // the server's message, without its detail
	SQLState  string              `json:"sqlstate,omitempty"`
	Offenders *migrator.Offenders `json:"offenders,omitempty"`
	Verify    bool                `json:"verify,omitempty"` // a verify query that found rows
}

// Lock is one lock that the statement took.
type Lock struct {
	Relation string  `json:"relation"`
	Kind     string  `json:"kind"` // table, index, sequence, view, ...
	Mode     string  `json:"mode"`
	HeldMS   float64 `json:"held_ms"`           // from the statement's start to the end of its transaction's last one
	Sampled  bool    `json:"sampled,omitempty"` // seen from another session while it ran; short ones may be missing
}
