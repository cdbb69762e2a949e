package sandbox

import (
	"context"
	"fmt"
)

// Labels mark a container as a sandbox and name its owner.
const (
	labelSandbox = "io.github.expandcontract.migrate.sandbox"
	labelHost    = "io.github.expandcontract.migrate.owner.host"
	labelPID     = "io.github.expandcontract.migrate.owner.pid"
	labelStart   = "io.github.expandcontract.migrate.owner.start"
)

func dockerLauncher(context.Context, Options) (launcher, error) {
	return nil, fmt.Errorf("%w: docker is not available yet", ErrNoEngine)
}

func sweepContainers(context.Context, Options) error { return nil }
