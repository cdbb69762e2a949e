package migrator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/expandcontract/migrate/migrations"
	"github.com/expandcontract/migrate/phases"
)

// Before is what was known ahead of sending a statement that commits by itself:
// enough to tell after a crash whether it took effect, also when the file was
// edited since.
type Before struct {
	Digest     string        `json:"digest"`               // of the statement
	Repeatable bool          `json:"repeatable,omitempty"` // it does no harm to run it again
	Objects    []ObjectState `json:"objects,omitempty"`    // what it changes; none: the catalogue cannot tell
}

// ObjectState is an object and a digest of its definition, "" when it was not there.
type ObjectState struct {
	phases.Object
	State string `json:"state,omitempty"`
}

func (b *Before) value() any {
	if b == nil {
		return nil
	}
	text, _ := json.Marshal(b) // strings always marshal
	return string(text)
}

// announce records that the statement is about to be sent.
func (m *Migrator) announce(ctx context.Context, r *Record, s *migrations.Statement) error {
	if r.InFlight = s.Ordinal; r.State != Aborting {
		r.State = Running
	}
	r.Before = &Before{Digest: s.Digest(), Repeatable: s.Batch != nil || phases.Repeatable(m.DB.Dialect(), s.Text)}
	if !r.Before.Repeatable {
		var err error
		if r.Before.Objects, err = m.states(ctx, phases.Touched(phases.Effects(m.DB.Dialect(), s.Text))); err != nil {
			return err
		}
	}
	return m.ledger.save(ctx, r)
}

// states asks the catalogue; none when it cannot tell of one of the objects.
func (m *Migrator) states(ctx context.Context, objects []phases.Object) ([]ObjectState, error) {
	catalogue, ok := m.DB.(Catalogue)
	if !ok {
		return nil, nil
	}
	var states []ObjectState
	for _, o := range objects {
		text, err := catalogue.State(ctx, o)
		if errors.Is(err, ErrNoState) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		states = append(states, ObjectState{Object: o, State: stateDigest(text)})
	}
	return states, nil
}

func stateDigest(text string) string {
	if text == "" || text == StateInvalid {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// outcome is what became of a statement whose run died.
type outcome string

const (
	tookEffect outcome = "took effect"
	noEffect   outcome = "no effect"
	unknown    outcome = "unknown"
)

// judge compares the catalogue before a statement with the one now. Its server
// does a statement wholly or not at all, so that objects that changed in part
// leave it open; those that were not there and are not now tell nothing beside
// others. An INVALID index is what a build that died has left.
func judge(before, now []ObjectState) outcome {
	changed, same := 0, 0
	for i, b := range before {
		switch {
		case now[i].State == StateInvalid:
			return noEffect
		case now[i].State != b.State:
			changed++
		case b.State != "":
			same++
		}
	}
	switch {
	case len(before) == 0 || changed > 0 && same > 0:
		return unknown
	case changed > 0:
		return tookEffect
	default:
		return noEffect
	}
}

// recover finds out what became of the statement in flight when an earlier run
// died, and counts it when it took effect. Where that cannot be told the error is
// an *UnknownOutcomeError.
func (m *Migrator) recover(ctx context.Context, r *Record, file *migrations.Migration) error {
	if r.InFlight == 0 {
		return nil
	}
	s, err := file.Statement(min(r.InFlight, file.Count()))
	if err != nil {
		return err
	}
	if r.InFlight > file.Count() || r.Before == nil {
		return &UnknownOutcomeError{Migration: file, Statement: s}
	}
	result := noEffect
	if !r.Before.Repeatable {
		now, err := m.states(ctx, objectsOf(r.Before.Objects))
		if err != nil {
			return err
		}
		if result = unknown; len(now) == len(r.Before.Objects) {
			result = judge(r.Before.Objects, now)
		}
	}
	m.Progress(Event{Kind: Recovered, Migration: file, Statement: s, Outcome: string(result)})
	switch {
	case result == unknown:
		return &UnknownOutcomeError{Migration: file, Statement: s}
	case result == noEffect:
		r.InFlight, r.Before = 0, nil
	case r.Before.Digest != s.Digest():
		return &DriftError{Files: []string{fmt.Sprintf("%s (statement %d is already done)", file.At(s.Pos), r.InFlight)}}
	default:
		m.count(r, file, s)
	}
	return m.ledger.save(ctx, r)
}

func objectsOf(states []ObjectState) []phases.Object {
	var objects []phases.Object
	for _, s := range states {
		objects = append(objects, s.Object)
	}
	return objects
}

// Cleaner is a Database whose failed concurrent builds leave something behind.
type Cleaner interface {
	// Clear drops the INVALID indexes that an earlier try of the statement left, in
	// the way that blocks nobody, and returns their names.
	Clear(ctx context.Context, sql string) ([]string, error)
}

// clear removes what a failed try of the same concurrent build has left: with IF
// NOT EXISTS the server would take an INVALID index for the wanted one.
func (m *Migrator) clear(ctx context.Context, s *migrations.Statement) error {
	cleaner, ok := m.DB.(Cleaner)
	if !ok || !phases.Concurrent(m.DB.Dialect(), s.Text) {
		return nil
	}
	dropped, err := cleaner.Clear(ctx, s.Text)
	if len(dropped) > 0 {
		m.Log.Warn("dropped what a failed concurrent build had left", "indexes", strings.Join(dropped, ", "))
	}
	return err
}
