package rehearse

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/expandcontract/migrate/migrator"
)

// sampleEvery is the pause between two looks at the locks of a statement that
// runs outside a transaction: they are gone once it has ended.
const sampleEvery = 10 * time.Millisecond

// sampler watches the locks of another session.
type sampler struct {
	evidence Evidence // of a session of its own
	log      *slog.Logger
	cancel   context.CancelFunc
	seen     chan []migrator.RelationLock
}

// start begins to watch a backend; stop must follow.
func (s *sampler) start(ctx context.Context, backend uint32) {
	ctx, s.cancel = context.WithCancel(ctx)
	s.seen = make(chan []migrator.RelationLock, 1)
	go func() { s.seen <- s.watch(ctx, backend) }()
}

// stop returns the locks that were seen since start.
func (s *sampler) stop() []migrator.RelationLock {
	s.cancel()
	return <-s.seen
}

func (s *sampler) watch(ctx context.Context, backend uint32) []migrator.RelationLock {
	var seen []migrator.RelationLock
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		// A look is not cut short: a cancelled query would have to be awaited anyway.
		locks, err := s.evidence.Locks(context.WithoutCancel(ctx), backend)
		if err != nil {
			s.log.Warn("sample the locks", "error", err)
			return seen
		}
		for _, l := range locks {
			if !slices.Contains(seen, l) {
				seen = append(seen, l)
			}
		}
		select {
		case <-ctx.Done():
			return seen
		case <-tick.C:
		}
	}
}
