package migrator

// RelationLock is one lock that a session holds on a relation.
type RelationLock struct {
	ID       uint32 // the server's number of the relation
	Relation string // schema-qualified, without public.; "" when the session has dropped it
	Mode     string // as the server names it: AccessExclusiveLock, ShareLock, ...
}

// Relation is where a table, index or the like is stored, and how much it takes.
type Relation struct {
	ID       uint32
	Name     string // schema-qualified, without public.
	Kind     string // table, index, sequence, toast, view, materialized view, partitioned table, partitioned index
	Owner    string // the table that an index or toast table belongs to, else ""
	FileNode uint32 // changes when the server rewrites the relation; 0: it has no file
	Bytes    int64
}

// Offenders are the rows that make a statement fail, by key. No other value of a
// row is in it.
type Offenders struct {
	Table   string     `json:"table"`
	Columns []string   `json:"columns"` // of the key: the primary key, else ctid
	Keys    [][]string `json:"keys"`    // the first ones
	Total   int64      `json:"total"`
	Problem string     `json:"problem"` // "email is NULL", "duplicate (lower(email))"
}

// Column is one column of a query's result.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as the server writes it
}
