package phases

// Kind is a kind of object that statements make, change or drop.
type Kind string

// The kinds of objects, as both dialects name them.
const (
	Table            Kind = "table"
	Column           Kind = "column"
	Index            Kind = "index"
	Constraint       Kind = "constraint"
	View             Kind = "view"
	MaterializedView Kind = "materialized view"
	Sequence         Kind = "sequence"
	Type             Kind = "type" // domains and enums too
	Function         Kind = "function"
	Procedure        Kind = "procedure"
	Trigger          Kind = "trigger"
	Event            Kind = "event"
	Schema           Kind = "schema"
	Extension        Kind = "extension"
)

// Object names one object. Names are as the server stores them: unquoted ones of
// PostgreSQL in lower case, quotes removed.
type Object struct {
	Kind   Kind   `json:"kind"`
	Schema string `json:"schema,omitempty"` // "": found by the session's search path or in its database
	Table  string `json:"table,omitempty"`  // of a column, constraint, trigger, or of an index where the statement says so
	Name   string `json:"name"`
}
