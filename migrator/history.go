package migrator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations"
)

// history is the files and the ledger's rows seen together.
type history struct {
	set     migrations.Set
	files   map[migrations.ID]*migrations.Migration
	records map[migrations.ID]*Record
	newest  map[migrations.Phase]migrations.Version // newest begun version of each phase
}

func newHistory(set migrations.Set, records []Record) history {
	h := history{set: set, files: map[migrations.ID]*migrations.Migration{}, records: map[migrations.ID]*Record{},
		newest: map[migrations.Phase]migrations.Version{}}
	for _, m := range set {
		h.files[m.ID()] = m
	}
	for i := range records {
		r := &records[i]
		h.records[r.ID] = r
		if r.Version.Compare(h.newest[r.Phase]) > 0 {
			h.newest[r.Phase] = r.Version
		}
	}
	return h
}

func (h history) record(id migrations.ID) *Record { return h.records[id] }

func (h history) applied(id migrations.ID) bool {
	r := h.records[id]
	return r != nil && r.State == Applied
}

// drifted names the files whose applied text was changed: whole files once they
// are applied, the statements already done while they are not.
func (h history) drifted() []string {
	var names []string
	for _, m := range h.set {
		if r := h.records[m.ID()]; r != nil {
			names = append(names, driftOf(m, r)...)
		}
	}
	return names
}

// driftOf is where a file and its row differ. An undo section may be written or
// mended at any time until it runs.
func driftOf(m *migrations.Migration, r *Record) []string {
	file := m
	switch r.State {
	case Applied:
		if r.Checksum == m.Checksum {
			return nil
		}
		return []string{m.Path}
	case Aborting:
		file = undoOf(m)
	}
	return editedStatements(file, r)
}

// editedStatements compares what is done of a file with what it says now.
func editedStatements(file *migrations.Migration, r *Record) []string {
	var names, digests []string
	for s, err := range file.From(0) {
		if err != nil {
			return append(names, err.Error())
		}
		if s.Ordinal > r.StatementsDone {
			break
		}
		digests = nextDigests(digests, s.Digest())
		if i := s.Ordinal - 1; i < len(r.Digests) && i < digestsKept-1 && digests[i] != r.Digests[i] {
			names = append(names, fmt.Sprintf("%s:%d (statement %d is already done)", file.Path, s.Pos.Line, s.Ordinal))
		}
	}
	if len(digests) < len(r.Digests) {
		return append(names, fmt.Sprintf("%s (statement %d is done but gone from the file)", file.Path, len(digests)+1))
	}
	if last := digestsKept - 1; len(r.Digests) == digestsKept && digests[last] != r.Digests[last] {
		names = append(names, fmt.Sprintf("%s (one of the statements %d to %d, which are already done)", file.Path, digestsKept, r.StatementsDone))
	}
	return names
}

// aborting is the change that is being taken back, nil when there is none.
func (h history) aborting() *Record {
	for _, r := range h.records {
		if r.State == Aborting {
			return r
		}
	}
	return nil
}

// missing reports applied files that are gone.
func (h history) missing() []string {
	var warnings []string
	for id, r := range h.records {
		if h.files[id] == nil {
			warnings = append(warnings, fmt.Sprintf("%s is in the ledger (%s) but not in the directory", r.Name, r.State))
		}
	}
	slices.Sort(warnings)
	return warnings
}

// gate refuses steps that may not run yet.
func (h history) gate(steps []Step, r Request) error {
	var reasons []string
	hint := ""
	if r := h.aborting(); r != nil && len(steps) > 0 {
		return &GateError{Reasons: []string{r.Name + " is being taken back"}, Hint: "run `migrate abort` to finish that"}
	}
	for _, s := range steps {
		m := s.Migration
		if newest := h.newest[m.Phase]; !r.AllowLate && s.Record == nil && !waitsForPush(m) && m.Version.Compare(newest) < 0 {
			reasons = append(reasons, fmt.Sprintf("%s is older than version %s, which is already applied", m.Name, newest))
			hint = "give it a newer version, or run `migrate " + string(r.Command) + " --allow-late`"
		}
		if r.Command == CmdUp {
			continue
		}
		if before := h.unfinished(m); len(before) > 0 {
			reasons = append(reasons, fmt.Sprintf("%s must wait for %s", m.Name, names(before)))
			hint = "run `migrate " + string(before[0].Phase) + "` first"
		}
	}
	if len(reasons) > 0 {
		return &GateError{Reasons: reasons, Hint: hint}
	}
	return nil
}

// waitsForPush tells an after-push backfill: before-push ones of newer versions
// rightly come first.
func waitsForPush(m *migrations.Migration) bool { return m.When() == migrations.AfterPush }

func names(ms []*migrations.Migration) string {
	var list []string
	for _, m := range ms {
		list = append(list, m.Name)
	}
	return strings.Join(list, " and ")
}

// unfinished are the earlier phases of m's change that are not applied.
func (h history) unfinished(m *migrations.Migration) []*migrations.Migration {
	var open []*migrations.Migration
	for _, phase := range migrations.Phases()[:m.Phase.Order()] {
		id := migrations.ID{Version: m.Version, Phase: phase}
		if before := h.files[id]; before != nil && !h.applied(id) {
			open = append(open, before)
		}
	}
	return open
}
