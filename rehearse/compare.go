package rehearse

import (
	"context"
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrator"
	"github.com/expandcontract/migrate/rehearse/report"
)

// lock notes the locks that a statement took on what others can see, by name.
// Those on TOAST tables come with their tables'.
func (p *probe) lock(s *report.Statement, locks []migrator.RelationLock, sampled bool) {
	for _, l := range locks {
		// The name is the one from before, also of a relation dropped or renamed.
		before, knew := p.known[l.ID]
		if !knew || p.born[l.ID] || before.Kind == "toast" {
			continue // nobody else can wait for what this very transaction makes
		}
		note := report.Lock{Relation: before.Name, Kind: before.Kind, Mode: l.Mode, Sampled: sampled}
		if !slices.Contains(s.Locks, note) {
			s.Locks = append(s.Locks, note)
		}
	}
}

// hold sets how long the statement's locks were held.
func hold(s *report.Statement, ms float64) {
	for i := range s.Locks {
		s.Locks[i].HeldMS = ms
	}
}

// compareAll compares every relation with what was known of it.
func (p *probe) compareAll(ctx context.Context, s *report.Statement) error {
	now, err := p.evidence.Relations(ctx)
	if err != nil {
		return err
	}
	var touched []uint32
	for id := range p.known {
		touched = append(touched, id)
	}
	slices.Sort(touched)
	p.compare(s, touched, now)
	return nil
}

// compare finds what a statement did to the touched relations, of which now are
// those that are left, and keeps what it has seen.
func (p *probe) compare(s *report.Statement, touched []uint32, now []migrator.Relation) {
	left := map[uint32]bool{}
	for _, r := range now {
		left[r.ID] = true
		before, knew := p.known[r.ID]
		s.SizeDelta += r.Bytes - before.Bytes
		switch {
		case r.Kind == "toast":
		case !knew:
			p.born[r.ID] = true
			s.Created = append(s.Created, r.Kind+" "+r.Name)
		case before.FileNode != r.FileNode:
			s.Rewrites = append(s.Rewrites, r.Kind+" "+r.Name)
		}
		p.known[r.ID] = r
	}
	for _, id := range touched {
		before, knew := p.known[id]
		if left[id] || !knew {
			continue
		}
		s.SizeDelta -= before.Bytes
		if before.Kind != "toast" {
			s.Dropped = append(s.Dropped, before.Kind+" "+before.Name)
		}
		delete(p.known, id)
	}
	replaced(s)
}

// replaced makes a rewrite of an index that was dropped and made anew by one
// statement, as ALTER TYPE does with those on the column.
func replaced(s *report.Statement) {
	s.Created = slices.DeleteFunc(s.Created, func(made string) bool {
		i := slices.Index(s.Dropped, made)
		if i < 0 || !strings.HasPrefix(made, "index ") {
			return false
		}
		s.Dropped = slices.Delete(s.Dropped, i, i+1)
		s.Rewrites = append(s.Rewrites, made)
		return true
	})
}
