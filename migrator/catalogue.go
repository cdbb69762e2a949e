package migrator

import (
	"context"
	"errors"

	"github.com/expandcontract/migrate/phases"
)

// ErrNoState means that the database cannot tell the state of such an object.
var ErrNoState = errors.New("no state is known of such an object")

// StateInvalid is the state of an index that a failed concurrent build has left.
const StateInvalid = "invalid"

// Catalogue is a Database that can be asked what became of a statement whose run
// died.
type Catalogue interface {
	// State is a text that changes when the object's definition does; "" when there
	// is no such object, StateInvalid for an INVALID index. The error wraps ErrNoState for a kind it knows nothing of.
	State(ctx context.Context, o phases.Object) (string, error)
}
