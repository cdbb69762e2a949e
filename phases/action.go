package phases

// Action is what an effect does to its object.
type Action string

// The actions on columns.
const (
	AddColumn       Action = "add column"
	DropColumn      Action = "drop column"
	RenameColumn    Action = "rename column"
	AlterColumnType Action = "alter column type" // MySQL: also MODIFY and CHANGE, which restate the type
	SetDefault      Action = "set default"
	DropDefault     Action = "drop default"
	SetNotNull      Action = "set not null"
	DropNotNull     Action = "drop not null"
	AddIdentity     Action = "add identity"
	DropIdentity    Action = "drop identity"
	SetExpression   Action = "set expression"
	DropExpression  Action = "drop expression"
	AlterColumn     Action = "alter column" // anything else: Option says what
)

// The actions on tables, their partitions and constraints.
const (
	CreateTable        Action = "create table"
	DropTable          Action = "drop table"
	RenameTable        Action = "rename table"
	AlterTable         Action = "alter table" // Option says what
	EnableRowSecurity  Action = "enable row security"
	DisableRowSecurity Action = "disable row security"
	AttachPartition    Action = "attach partition" // Object is the parent, NewName and NewSchema the partition
	DetachPartition    Action = "detach partition"
	AddPartition       Action = "add partition" // MySQL
	DropPartition      Action = "drop partition"
	AlterPartition     Action = "alter partition" // Option says what
	AddConstraint      Action = "add constraint"
	ValidateConstraint Action = "validate constraint"
	AlterConstraint    Action = "alter constraint"
	DropConstraint     Action = "drop constraint"
)

// The actions on other objects. Kinds that have none of their own share the
// last five; Object.Kind tells them apart.
const (
	CreateIndex     Action = "create index"
	DropIndex       Action = "drop index"
	RenameIndex     Action = "rename index"
	CreateView      Action = "create view" // materialized ones too: see the kind
	ReplaceView     Action = "replace view"
	DropView        Action = "drop view"
	CreateFunction  Action = "create function" // procedures too: see the kind
	DropFunction    Action = "drop function"
	CreateTrigger   Action = "create trigger"
	DropTrigger     Action = "drop trigger"
	CreateType      Action = "create type"
	AddEnumValue    Action = "add enum value"
	RenameEnumValue Action = "rename enum value"
	DropType        Action = "drop type"
	CreateSequence  Action = "create sequence"
	DropSequence    Action = "drop sequence"
	CreateSchema    Action = "create schema"
	DropSchema      Action = "drop schema"
	CreateExtension Action = "create extension"
	DropExtension   Action = "drop extension"
	CreatePolicy    Action = "create policy"
	DropPolicy      Action = "drop policy"
	CreateRule      Action = "create rule"
	DropRule        Action = "drop rule"

	CreateObject Action = "create"
	AlterObject  Action = "alter" // Option says what
	DropObject   Action = "drop"
	RenameObject Action = "rename"
	SetSchema    Action = "set schema" // of any object, tables too; NewSchema says which
)

// Grants and comments, which change the catalogue but no object's shape.
const (
	Grant    Action = "grant"
	Revoke   Action = "revoke"
	SetOwner Action = "set owner"
	Comment  Action = "comment"
)

// The actions on rows. A query that changes rows has a Query too.
const (
	InsertRows    Action = "insert rows"
	UpdateRows    Action = "update rows"
	DeleteRows    Action = "delete rows"
	MergeRows     Action = "merge rows" // by MERGE; by INSERT ... ON CONFLICT or REPLACE it is InsertRows with an Option
	TruncateTable Action = "truncate table"
	Query         Action = "query" // reads rows
	Call          Action = "call"  // runs a routine that is not one of the server's own
)

// The actions on the session, and upkeep.
const (
	SetSetting  Action = "set setting" // Object.Name is the setting, Value what it becomes, Option "local", "session" or "global"
	LockTable   Action = "lock table"
	UnlockTable Action = "unlock tables"
	Transaction Action = "transaction" // begins, ends or marks one
	Session     Action = "session"     // anything else that leaves no trace
	Reindex     Action = "reindex"
	Vacuum      Action = "vacuum" // Option "full" rewrites
	Analyze     Action = "analyze"
	Cluster     Action = "cluster"
	Refresh     Action = "refresh"
	Optimize    Action = "optimize" // MySQL's OPTIMIZE and REPAIR TABLE
)

// Unknown is a statement, or a part of one, that cannot be read. It may do
// anything; Effect.Reason says why.
const Unknown Action = "unknown"

// ChangesSchema reports whether the effect changes a definition in the catalogue,
// privileges and comments among them, rather than rows, the session or how
// things are stored. An Unknown does: nothing says that it does not.
func (e Effect) ChangesSchema() bool {
	switch e.Action {
	case InsertRows, UpdateRows, DeleteRows, MergeRows, TruncateTable, Query, Call,
		SetSetting, LockTable, UnlockTable, Transaction, Session,
		Reindex, Vacuum, Analyze, Cluster, Refresh, Optimize:
		return false
	}
	return true
}

// Creates reports whether the effect makes its object, or makes it anew.
func (e Effect) Creates() bool {
	switch e.Action {
	case AddColumn, CreateTable, AddPartition, AddConstraint, CreateIndex, CreateView, ReplaceView, CreateFunction,
		CreateTrigger, CreateType, CreateSequence, CreateSchema, CreateExtension, CreatePolicy, CreateRule, CreateObject:
		return true
	}
	return false
}

// Drops reports whether the effect removes its object.
func (e Effect) Drops() bool {
	switch e.Action {
	case DropColumn, DropTable, DropPartition, DropConstraint, DropIndex, DropView, DropFunction, DropTrigger, DropType,
		DropSequence, DropSchema, DropExtension, DropPolicy, DropRule, DropObject:
		return true
	}
	return false
}

// ChangesRows reports whether the effect writes rows by itself. A Call or an
// Unknown may, too.
func (e Effect) ChangesRows() bool {
	switch e.Action {
	case InsertRows, UpdateRows, DeleteRows, MergeRows, TruncateTable:
		return true
	}
	return false
}
