package phases

import "cmp"

// Kind is a kind of object that statements make, change or drop.
type Kind string

// The kinds of objects, as both dialects name them.
const (
	Table            Kind = "table" // foreign tables too
	Column           Kind = "column"
	Index            Kind = "index"
	Constraint       Kind = "constraint"
	View             Kind = "view"
	MaterializedView Kind = "materialized view"
	Sequence         Kind = "sequence"
	Type             Kind = "type"     // domains and enums too
	Function         Kind = "function" // aggregates too
	Procedure        Kind = "procedure"
	Trigger          Kind = "trigger"
	Event            Kind = "event"
	Schema           Kind = "schema" // MySQL: a database
	Extension        Kind = "extension"
	Policy           Kind = "policy"
	Rule             Kind = "rule"
	Partition        Kind = "partition" // MySQL: of its table
	Statistics       Kind = "statistics"
	Publication      Kind = "publication"
	Subscription     Kind = "subscription"
	Role             Kind = "role" // users too
	Database         Kind = "database"
	Setting          Kind = "setting"
)

// Object names one object. Names are as the server stores them: unquoted ones of
// PostgreSQL in lower case, quotes removed. Rarer kinds than the constants are
// named by PostgreSQL's word for them, such as "text search configuration".
type Object struct {
	Kind   Kind   `json:"kind"`
	Schema string `json:"schema,omitempty"` // "": found by the session's search path or in its database
	Table  string `json:"table,omitempty"`  // of a column, constraint, trigger, or of an index where the statement says so
	Name   string `json:"name"`             // "": the server chooses one
	// TableKind is what Table names where that is no table: a view's column, an
	// attribute of a composite Type, a domain's constraint.
	TableKind Kind `json:"tableKind,omitempty"`
}

// OfTable is the table that a column, constraint, trigger, policy, rule,
// partition or index belongs to, or the object itself when it names none.
func (o Object) OfTable() Object {
	if o.Table == "" {
		return o
	}
	return Object{Kind: cmp.Or(o.TableKind, Table), Schema: o.Schema, Name: o.Table}
}

// String is the kind and the name with what it belongs to: "column app.users.email".
func (o Object) String() string {
	name := o.Name
	if o.Table != "" {
		name = o.Table + "." + name
	}
	if o.Schema != "" {
		name = o.Schema + "." + name
	}
	return string(o.Kind) + " " + name
}

// ConstraintType is a type of constraint.
type ConstraintType string

// The types of constraints. NotNullConstraint is PostgreSQL 18's named one; a
// column's plain NOT NULL is Effect.NotNull, or the action SetNotNull.
const (
	PrimaryKey        ConstraintType = "primary key"
	Unique            ConstraintType = "unique"
	ForeignKey        ConstraintType = "foreign key"
	Check             ConstraintType = "check"
	Exclusion         ConstraintType = "exclusion"
	NotNullConstraint ConstraintType = "not null"
)

// Generated says how a generated column keeps its values.
type Generated string

// The two ways. PostgreSQL 18 and MySQL take Virtual when neither is written;
// before 18 PostgreSQL knows Stored alone.
const (
	Stored  Generated = "stored"
	Virtual Generated = "virtual"
)

// Effect is one thing that a statement does. Which fields are set besides Action
// and Object depends on the action; a field that says nothing is zero.
type Effect struct {
	Action Action `json:"action"`
	Object Object `json:"object"`
	// Reason says why an Unknown cannot be read.
	Reason string `json:"reason,omitempty"`
	// Part is the action that this one is a part of: a CreateTable's or an
	// AddColumn's columns, constraints and indexes follow it as effects of their own.
	Part Action `json:"part,omitempty"`
	// Conditional: it may happen not at all or many times, for it stands in a body that
	// runs now (DO, BEGIN NOT ATOMIC) or behind ALTER TABLE IF EXISTS.
	Conditional bool `json:"conditional,omitempty"`

	NewName   string `json:"newName,omitempty"`   // of a renamed object; a partition's or table's other side
	NewSchema string `json:"newSchema,omitempty"` // of a moved object

	Concurrently bool `json:"concurrently,omitempty"` // PostgreSQL's CONCURRENTLY, MariaDB's ONLINE is Lock none
	IfExists     bool `json:"ifExists,omitempty"`
	IfNotExists  bool `json:"ifNotExists,omitempty"`
	OrReplace    bool `json:"orReplace,omitempty"`
	Cascade      bool `json:"cascade,omitempty"`
	Only         bool `json:"only,omitempty"` // PostgreSQL's ONLY: not its partitions and children
	Temporary    bool `json:"temporary,omitempty"`

	// TypeName is a column's type, or a domain's. PostgreSQL: its short name in lower
	// case, as integer, varchar(20), timestamptz, text[]. MySQL: as written, words in
	// lower case, as int unsigned, enum('a','b').
	TypeName string `json:"typeName,omitempty"`
	// NotNull: the column takes no NULL, by NOT NULL or as a primary key's.
	NotNull bool `json:"notNull,omitempty"`
	// HasDefault: the column has a default that is not NULL, also serial, identity
	// and AUTO_INCREMENT. Default is its text, where one is written.
	HasDefault bool   `json:"hasDefault,omitempty"`
	Default    string `json:"default,omitempty"`
	// DefaultVolatile: the default may differ from row to row: it calls a volatile
	// function, or one not known not to be.
	DefaultVolatile bool `json:"defaultVolatile,omitempty"`
	// DefaultExpression: MySQL: neither a literal nor CURRENT_TIMESTAMP and the like.
	DefaultExpression bool `json:"defaultExpression,omitempty"`
	// Identity: serial, GENERATED AS IDENTITY or AUTO_INCREMENT.
	Identity bool `json:"identity,omitempty"`
	// Generated columns have their expression in Expression.
	Generated Generated `json:"generated,omitempty"`
	Collation string    `json:"collation,omitempty"`
	Charset   string    `json:"charset,omitempty"`   // MySQL
	Invisible bool      `json:"invisible,omitempty"` // MySQL's column or index INVISIBLE, MariaDB's IGNORED
	// FirstOrAfter is MySQL's position: "first", "after c", or "" for last.
	FirstOrAfter string `json:"firstOrAfter,omitempty"`
	// Restated: MySQL's MODIFY or CHANGE, which drops what it does not restate
	// (NOT NULL, default, comment).
	Restated bool `json:"restated,omitempty"`

	ConstraintType ConstraintType `json:"constraintType,omitempty"`
	// Columns are those of a key, index, trigger's UPDATE OF, insert, update, or
	// table made; of a view those it shows. An expression among them is "". Nil: not known.
	Columns []string `json:"columns,omitempty"`
	// References is the table a foreign key points to; a trigger's function; the
	// table a table is LIKE; the parent of a partition.
	References        *Object  `json:"references,omitempty"`
	ReferencedColumns []string `json:"referencedColumns,omitempty"`
	OnDelete          string   `json:"onDelete,omitempty"` // of a foreign key: "cascade", "set null", ...; "" for no action
	// Expression is the text of a CHECK, of USING, of a generated column.
	Expression string `json:"expression,omitempty"`
	// Proves are the columns that a CHECK proves to be not null, as IS NOT NULL and ANDs of it do.
	Proves      []string `json:"proves,omitempty"`
	NotValid    bool     `json:"notValid,omitempty"`
	NotEnforced bool     `json:"notEnforced,omitempty"`
	Deferrable  bool     `json:"deferrable,omitempty"`
	UsingIndex  string   `json:"usingIndex,omitempty"`
	Unique      bool     `json:"unique,omitempty"`  // of an index
	Method      string   `json:"method,omitempty"`  // of an index: gin, fulltext, spatial; of a trigger: before, after, instead of
	Partial     bool     `json:"partial,omitempty"` // an index with a WHERE
	// InTable: the index is a part of its table's definition, as MySQL's are.
	InTable bool `json:"inTable,omitempty"`

	// Arguments are the types of a routine's input arguments, in order; nil where the
	// statement gives none.
	Arguments []string `json:"arguments,omitempty"`
	// Body is what a routine, trigger, event or prepared statement does when it is called, not now.
	Body []Effect `json:"body,omitempty"`

	HasWhere bool `json:"hasWhere,omitempty"` // of rows changed: not the whole table
	Rows     int  `json:"rows,omitempty"`     // literal rows inserted; 0: they come from a query

	// Option says which of an object's properties changes, or which way, in lower case: "set
	// logged", "engine"; Value is what to. See docs/effects.md for the list.
	Option string `json:"option,omitempty"`
	Value  string `json:"value,omitempty"`
	// Privileges granted or revoked, in lower case; "all" for all.
	Privileges []string `json:"privileges,omitempty"`

	// Algorithm and Lock are MySQL's clauses, in lower case ("instant", "none"); every effect of
	// the statement has them. Of LockTable Lock is the mode: "access exclusive", "write".
	Algorithm string `json:"algorithm,omitempty"`
	Lock      string `json:"lock,omitempty"`
}
