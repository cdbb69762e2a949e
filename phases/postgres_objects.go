package phases

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// dropActions are the actions that drop a kind; the others share DropObject.
var dropActions = map[Kind]Action{
	Table: DropTable, Column: DropColumn, Index: DropIndex, View: DropView, MaterializedView: DropView,
	Function: DropFunction, Procedure: DropFunction, Trigger: DropTrigger, Type: DropType,
	Sequence: DropSequence, Schema: DropSchema, Extension: DropExtension, Policy: DropPolicy, Rule: DropRule,
	Constraint: DropConstraint,
}

func dropAction(kind Kind) Action {
	if action, ok := dropActions[kind]; ok {
		return action
	}
	return DropObject
}

// createActions are the actions that make a kind of object with nothing to say but its name.
var createActions = map[Kind]Action{Function: CreateFunction, Type: CreateType, Extension: CreateExtension}

func createAction(kind Kind) Action {
	if action, ok := createActions[kind]; ok {
		return action
	}
	return CreateObject
}

func (r *pgReader) drop(s *pg.DropStmt) {
	kind := pgKind(s.RemoveType)
	for _, n := range s.Objects {
		e := Effect{Action: dropAction(kind), Object: objectOf(kind, parts(n)), IfExists: s.MissingOk,
			Concurrently: s.Concurrent, Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
		if pair := n.GetList().GetItems(); s.RemoveType == pg.ObjectType_OBJECT_CAST && len(pair) == 2 {
			e.Object = Object{Kind: kind, Name: castName(pair[0].GetTypeName(), pair[1].GetTypeName())}
		}
		if routine := n.GetObjectWithArgs(); routine != nil && !routine.ArgsUnspecified {
			e.Arguments = typeNames(routine.Objargs)
		}
		r.add(e)
	}
}

func castName(from, to *pg.TypeName) string { return typeName(from) + " as " + typeName(to) }

// typeNames are the names of types, never nil.
func typeNames(nodes []*pg.Node) []string {
	names := []string{}
	for _, n := range nodes {
		if n.GetTypeName() != nil {
			names = append(names, typeName(n.GetTypeName()))
		}
	}
	return names
}

// renameActions are the actions that rename a kind; the others share RenameObject.
var renameActions = map[Kind]Action{Table: RenameTable, Column: RenameColumn, Index: RenameIndex}

func (r *pgReader) rename(s *pg.RenameStmt) {
	kind := pgKind(s.RenameType)
	e := Effect{Action: RenameObject, NewName: s.Newname, IfExists: s.MissingOk,
		Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
	if action, ok := renameActions[kind]; ok {
		e.Action = action
	}
	switch {
	case s.Relation != nil && s.Subname != "":
		e.Object = within(kind, s.Relation, s.Subname)
		e.Only = !s.Relation.Inh
	case s.Relation != nil:
		e.Object = relation(kind, s.Relation)
	case s.Object != nil:
		e.Object = objectOf(kind, append(parts(s.Object), nonEmpty(s.Subname)...))
	default:
		e.Object = Object{Kind: kind, Name: s.Subname}
	}
	if isAttribute(s.RenameType, s.RelationType) {
		e.Action, e.Only = RenameColumn, false
		setTableKind(&e.Object, Type)
	}
	if e.Object.Table == "" {
		e.NewSchema = e.Object.Schema
	}
	setTableKind(&e.Object, pgKind(s.RelationType))
	if s.RenameType == pg.ObjectType_OBJECT_DOMCONSTRAINT {
		setTableKind(&e.Object, Type)
	}
	r.add(e)
}

// isAttribute: a composite type's attributes are renamed as columns are.
func isAttribute(what, of pg.ObjectType) bool {
	return what == pg.ObjectType_OBJECT_ATTRIBUTE || what == pg.ObjectType_OBJECT_COLUMN && of == pg.ObjectType_OBJECT_TYPE
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (r *pgReader) setSchema(s *pg.AlterObjectSchemaStmt) {
	kind := pgKind(s.ObjectType)
	e := Effect{Action: SetSchema, NewSchema: s.Newschema, IfExists: s.MissingOk}
	if s.Relation != nil {
		e.Object = relation(kind, s.Relation)
	} else {
		e.Object = objectOf(kind, parts(s.Object))
	}
	r.add(e)
}

func (r *pgReader) setOwner(s *pg.AlterOwnerStmt) {
	kind := pgKind(s.ObjectType)
	e := Effect{Action: SetOwner, Object: objectOf(kind, parts(s.Object)), Value: s.Newowner.GetRolename()}
	if s.Relation != nil {
		e.Object = relation(kind, s.Relation)
	}
	r.add(e)
}

func (r *pgReader) comment(s *pg.CommentStmt) {
	r.add(Effect{Action: Comment, Object: objectOf(pgKind(s.Objtype), parts(s.Object)), Value: s.Comment})
}

// grant reads GRANT and REVOKE on objects.
func (r *pgReader) grant(s *pg.GrantStmt) {
	e := Effect{Action: Grant, Privileges: privileges(s.Privileges), Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
	if !s.IsGrant {
		e.Action = Revoke
	}
	kind := pgKind(s.Objtype)
	if s.Targtype == pg.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA {
		e.Option, kind = "all "+string(kind)+"s in schema", Schema
	}
	for _, n := range s.Objects {
		e.Object = objectOf(kind, parts(n))
		r.add(e)
	}
}

func privileges(nodes []*pg.Node) []string {
	if len(nodes) == 0 {
		return []string{"all"}
	}
	var names []string
	for _, n := range nodes {
		if name := n.GetAccessPriv().GetPrivName(); name != "" {
			names = append(names, name)
		} else {
			names = append(names, "all")
		}
	}
	return names
}

func (r *pgReader) defaultPrivileges(s *pg.AlterDefaultPrivilegesStmt) {
	e := Effect{Action: Grant, Option: "default privileges", Privileges: privileges(s.Action.GetPrivileges()),
		Object: Object{Kind: Schema}}
	if !s.Action.GetIsGrant() {
		e.Action = Revoke
	}
	for _, option := range s.Options {
		if names := parts(option.GetDefElem().GetArg()); option.GetDefElem().GetDefname() == "schemas" && len(names) > 0 {
			e.Object.Name = names[0]
		}
	}
	r.add(e)
}

func (r *pgReader) createSchema(s *pg.CreateSchemaStmt) {
	name := s.Schemaname
	if name == "" {
		name = s.Authrole.GetRolename()
	}
	r.add(Effect{Action: CreateSchema, Object: Object{Kind: Schema, Name: name}, IfNotExists: s.IfNotExists})
	at := len(r.effects)
	for _, n := range s.SchemaElts {
		r.statement(n)
	}
	for i := at; i < len(r.effects); i++ {
		if r.effects[i].Object.Schema == "" {
			r.effects[i].Object.Schema = name
		}
	}
}

func (r *pgReader) createSequence(s *pg.CreateSeqStmt) {
	r.add(Effect{Action: CreateSequence, Object: relation(Sequence, s.Sequence), IfNotExists: s.IfNotExists,
		Temporary: s.Sequence.GetRelpersistence() == "t", TypeName: sequenceType(s.Options)})
}

// alterSequence reads ALTER SEQUENCE: one effect, whose option lists what changes.
func (r *pgReader) alterSequence(s *pg.AlterSeqStmt) {
	var options []string
	for _, n := range s.Options {
		options = append(options, n.GetDefElem().GetDefname())
	}
	r.add(Effect{Action: AlterObject, Object: relation(Sequence, s.Sequence),
		IfExists: s.MissingOk, Option: strings.Join(options, ", "), TypeName: sequenceType(s.Options)})
}

func sequenceType(options []*pg.Node) string {
	for _, n := range options {
		if n.GetDefElem().GetDefname() == "as" {
			return typeName(n.GetDefElem().GetArg().GetTypeName())
		}
	}
	return ""
}

func (r *pgReader) alterEnum(s *pg.AlterEnumStmt) {
	e := Effect{Action: AddEnumValue, Object: named(Type, s.TypeName), Value: s.NewVal, IfNotExists: s.SkipIfNewValExists}
	if s.OldVal != "" {
		e.Action, e.Value, e.NewName = RenameEnumValue, s.OldVal, s.NewVal
	}
	r.add(e)
}

func (r *pgReader) createComposite(s *pg.CompositeTypeStmt) {
	e := Effect{Action: CreateType, Object: relation(Type, s.Typevar), Option: "composite"}
	for _, n := range s.Coldeflist {
		e.Columns = append(e.Columns, n.GetColumnDef().GetColname())
	}
	r.add(e)
}

// createDomain reads CREATE DOMAIN. Its CHECKs follow as constraints whose table is the domain.
func (r *pgReader) createDomain(s *pg.CreateDomainStmt) {
	e := Effect{Action: CreateType, Object: named(Type, s.Domainname), Option: "domain", TypeName: typeName(s.TypeName)}
	var checks []*pg.Constraint
	for _, n := range s.Constraints {
		if c := n.GetConstraint(); c != nil && !r.columnProperty(&e, c) {
			checks = append(checks, c)
		}
	}
	r.add(e)
	domain := &pg.RangeVar{Schemaname: e.Object.Schema, Relname: e.Object.Name}
	at := len(r.effects)
	for _, c := range checks {
		r.addConstraint(domain, c, nil, CreateType)
	}
	r.ofDomain(at)
}

// ofDomain marks the constraints from at on as a domain's.
func (r *pgReader) ofDomain(at int) {
	for i := at; i < len(r.effects); i++ {
		setTableKind(&r.effects[i].Object, Type)
	}
}

// alterDomain reads ALTER DOMAIN, whose sub-command is a letter (parsenodes.h).
func (r *pgReader) alterDomain(s *pg.AlterDomainStmt) {
	domain := named(Type, s.TypeName)
	e := Effect{Object: domain, IfExists: s.MissingOk, Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
	constraint := Object{Kind: Constraint, Schema: domain.Schema, Table: domain.Name, Name: s.Name, TableKind: Type}
	at := len(r.effects)
	switch s.Subtype {
	case "T":
		e.Action = DropDefault
		if s.Def != nil {
			e.Action = SetDefault
			setDefault(&e, s.Def)
		}
	case "N":
		e.Action = DropNotNull
	case "O":
		e.Action, e.NotNull = SetNotNull, true
	case "C":
		r.addConstraint(&pg.RangeVar{Schemaname: domain.Schema, Relname: domain.Name}, s.Def.GetConstraint(), nil, "")
		r.ofDomain(at)
		return
	case "X":
		e.Action, e.Object = DropConstraint, constraint
	case "V":
		e.Action, e.Object = ValidateConstraint, constraint
	default:
		e = unknown("ALTER DOMAIN action " + s.Subtype)
	}
	r.add(e)
}

// define reads CREATE AGGREGATE, TYPE, OPERATOR, COLLATION and TEXT SEARCH objects.
func (r *pgReader) define(s *pg.DefineStmt) {
	kind := pgKind(s.Kind)
	r.add(Effect{Action: createAction(kind), Object: named(kind, s.Defnames), OrReplace: s.Replace, IfNotExists: s.IfNotExists})
}

// reindex reads REINDEX of an index, a table, or all of a schema or database.
func (r *pgReader) reindex(s *pg.ReindexStmt) {
	e := Effect{Action: Reindex, Object: Object{Kind: Database, Name: s.Name}, Concurrently: hasOption(s.Params, "concurrently")}
	switch s.Kind {
	case pg.ReindexObjectType_REINDEX_OBJECT_INDEX:
		e.Object = relation(Index, s.Relation)
	case pg.ReindexObjectType_REINDEX_OBJECT_TABLE:
		e.Object = relation(Table, s.Relation)
	case pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA:
		e.Object.Kind = Schema
	}
	r.add(e)
}

// hasOption reports whether an option is given and not turned off.
func hasOption(options []*pg.Node, name string) bool {
	return slices.ContainsFunc(options, func(n *pg.Node) bool {
		def := n.GetDefElem()
		off := def.GetArg().GetString_().GetSval()
		return def.GetDefname() == name && off != "false" && off != "off"
	})
}

func (r *pgReader) vacuum(s *pg.VacuumStmt) {
	e := Effect{Action: Analyze, Object: Object{Kind: Database}}
	if s.IsVacuumcmd {
		e.Action = Vacuum
	}
	if hasOption(s.Options, "full") {
		e.Option = "full"
	}
	if len(s.Rels) == 0 {
		r.add(e)
	}
	for _, n := range s.Rels {
		e.Object = relation(Table, n.GetVacuumRelation().GetRelation())
		r.add(e)
	}
}

func (r *pgReader) truncate(s *pg.TruncateStmt) {
	for _, n := range s.Relations {
		r.add(Effect{Action: TruncateTable, Object: relation(Table, n.GetRangeVar()), Only: !n.GetRangeVar().GetInh(),
			Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE})
	}
}

// lockModes are the table lock modes by their number (lockdefs.h).
var lockModes = [...]string{
	1: "access share", 2: "row share", 3: "row exclusive", 4: "share update exclusive",
	5: "share", 6: "share row exclusive", 7: "exclusive", 8: "access exclusive",
}

func (r *pgReader) lockTable(s *pg.LockStmt) {
	mode := ""
	if s.Mode > 0 && int(s.Mode) < len(lockModes) {
		mode = lockModes[s.Mode]
	}
	for _, n := range s.Relations {
		r.add(Effect{Action: LockTable, Object: relation(Table, n.GetRangeVar()), Lock: mode})
	}
}
