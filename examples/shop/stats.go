package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// slowRequest is what a customer notices.
const slowRequest = 500 * time.Millisecond

// Stats counts the requests of an app.
type Stats struct {
	mu       sync.Mutex
	requests map[Version]int
	failed   int
	slow     int
	max      time.Duration
	failures map[string]int // by query and SQLSTATE
	slowest  map[string]time.Duration
}

// NewStats starts from zero.
func NewStats() *Stats {
	return &Stats{requests: map[Version]int{}, failures: map[string]int{}, slowest: map[string]time.Duration{}}
}

// Add counts one request.
func (s *Stats) Add(v Version, query string, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[v]++
	s.max = max(s.max, took)
	if took > slowRequest {
		s.slow++
		s.slowest[query] = max(s.slowest[query], took)
	}
	if err != nil {
		s.failed++
		s.failures[fmt.Sprintf("%s %s: %s", v, query, reason(err))]++
	}
}

func reason(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Message + " (SQLSTATE " + refused.Code + ")"
	}
	return err.Error()
}

// Failed and Slow are the requests that a customer would complain about.
func (s *Stats) Failed() int { s.mu.Lock(); defer s.mu.Unlock(); return s.failed }

// Slow counts the requests that took longer than slowRequest.
func (s *Stats) Slow() int { s.mu.Lock(); defer s.mu.Unlock(); return s.slow }

// Requests counts all requests of a version.
func (s *Stats) Requests(v Version) int { s.mu.Lock(); defer s.mu.Unlock(); return s.requests[v] }

// Tell prints the counts, and the first kinds of failures.
func (s *Stats) Tell(tell *teller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tell.Say("requests: %s of the old version, %s of the new; slowest %d ms", thousands(s.requests[Old]), thousands(s.requests[New]), s.max.Milliseconds())
	tell.Say("failed: %d", s.failed)
	tell.Say("slow (>500 ms): %d", s.slow)
	var kinds []string
	for kind, n := range s.failures {
		kinds = append(kinds, fmt.Sprintf("%6d  %s", n, kind))
	}
	slices.Sort(kinds)
	for _, kind := range kinds[max(0, len(kinds)-4):] {
		tell.Say("  %s", kind)
	}
	for query, took := range s.slowest {
		tell.Say("  slow: %s, up to %d ms", query, took.Milliseconds())
	}
}
