package phases

import (
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
