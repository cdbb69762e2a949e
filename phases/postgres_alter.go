package phases

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// alterTable reads ALTER TABLE and its sisters for views, indexes and the like:
// one effect for each action, in order.
func (r *pgReader) alterTable(s *pg.AlterTableStmt) {
	kind := pgKind(s.Objtype)
	at := len(r.effects)
	for _, n := range s.Cmds {
		if cmd := n.GetAlterTableCmd(); cmd != nil {
			r.alterCommand(kind, s.Relation, cmd)
		}
	}
	for i := at; i < len(r.effects); i++ {
		r.effects[i].Only = kind == Table && s.Relation != nil && !s.Relation.Inh
		setTableKind(&r.effects[i].Object, kind)
		if s.MissingOk && r.effects[i].Part == "" {
			r.effects[i].Conditional = true
		}
	}
}

// setTableKind says what an object belongs to, where it is no table.
func setTableKind(o *Object, kind Kind) {
	if o.Table != "" && (kind == View || kind == MaterializedView || kind == Type || kind == Index) {
		o.TableKind = kind
	}
}

func (r *pgReader) alterCommand(kind Kind, table *pg.RangeVar, cmd *pg.AlterTableCmd) {
	if r.columnCommand(table, cmd) || r.constraintCommand(table, cmd) || r.partitionCommand(kind, table, cmd) {
		return
	}
	r.add(optionCommand(kind, table, cmd))
}

// columnCommand reads an action on a column.
func (r *pgReader) columnCommand(table *pg.RangeVar, cmd *pg.AlterTableCmd) bool {
	e := Effect{Object: within(Column, table, cmd.Name), IfExists: cmd.MissingOk,
		Cascade: cmd.Behavior == pg.DropBehavior_DROP_CASCADE}
	switch cmd.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		r.addColumn(table, cmd.Def.GetColumnDef(), Effect{IfNotExists: cmd.MissingOk})
		return true
	case pg.AlterTableType_AT_DropColumn:
		e.Action = DropColumn
	case pg.AlterTableType_AT_ColumnDefault:
		e.Action = DropDefault
		if cmd.Def != nil {
			e.Action = SetDefault
			setDefault(&e, cmd.Def)
		}
	case pg.AlterTableType_AT_SetNotNull:
		e.Action, e.NotNull = SetNotNull, true
	case pg.AlterTableType_AT_DropNotNull:
		e.Action = DropNotNull
	case pg.AlterTableType_AT_AlterColumnType:
		def := cmd.Def.GetColumnDef()
		e.Action, e.TypeName = AlterColumnType, typeName(def.GetTypeName())
		e.Expression = expression(def.GetRawDefault())
		e.Collation = strings.Join(partsOf(def.GetCollClause().GetCollname()), ".")
	case pg.AlterTableType_AT_AddIdentity:
		e.Action, e.Identity, e.HasDefault, e.DefaultVolatile = AddIdentity, true, true, true
	case pg.AlterTableType_AT_DropIdentity:
		e.Action = DropIdentity
	case pg.AlterTableType_AT_SetExpression:
		e.Action, e.Expression = SetExpression, expression(cmd.Def)
	case pg.AlterTableType_AT_DropExpression:
		e.Action = DropExpression
	default:
		option, ok := columnOptions[cmd.Subtype]
		if !ok {
			return false
		}
		e.Action, e.Option = AlterColumn, option
	}
	r.add(e)
	return true
}

var columnOptions = map[pg.AlterTableType]string{
	pg.AlterTableType_AT_SetIdentity:               "set identity",
	pg.AlterTableType_AT_SetStatistics:             "set statistics",
	pg.AlterTableType_AT_SetOptions:                "set options",
	pg.AlterTableType_AT_ResetOptions:              "reset options",
	pg.AlterTableType_AT_SetStorage:                "set storage",
	pg.AlterTableType_AT_SetCompression:            "set compression",
	pg.AlterTableType_AT_AlterColumnGenericOptions: "set options",
}

// constraintCommand reads an action on a constraint.
func (r *pgReader) constraintCommand(table *pg.RangeVar, cmd *pg.AlterTableCmd) bool {
	e := Effect{Object: within(Constraint, table, cmd.Name), IfExists: cmd.MissingOk,
		Cascade: cmd.Behavior == pg.DropBehavior_DROP_CASCADE}
	switch cmd.Subtype {
	case pg.AlterTableType_AT_AddConstraint:
		r.addConstraint(table, cmd.Def.GetConstraint(), nil, "")
		return true
	case pg.AlterTableType_AT_ValidateConstraint:
		e.Action = ValidateConstraint
	case pg.AlterTableType_AT_DropConstraint:
		e.Action = DropConstraint
	case pg.AlterTableType_AT_AlterConstraint:
		c := cmd.Def.GetConstraint()
		e.Action, e.Object.Name = AlterConstraint, c.GetConname()
		e.Option, e.Deferrable = "not deferrable", c.GetDeferrable()
		if e.Deferrable {
			e.Option = "deferrable"
		}
		r.newer.alterConstraint(&e)
	default:
		return false
	}
	r.add(e)
	return true
}

// partitionCommand reads what joins tables and parts them, and partitioned indexes.
func (r *pgReader) partitionCommand(kind Kind, table *pg.RangeVar, cmd *pg.AlterTableCmd) bool {
	e := Effect{Object: relation(kind, table)}
	part := cmd.Def.GetPartitionCmd()
	switch cmd.Subtype {
	case pg.AlterTableType_AT_AttachPartition:
		e.Action = AttachPartition
	case pg.AlterTableType_AT_DetachPartition:
		e.Action, e.Concurrently = DetachPartition, part.GetConcurrent()
	case pg.AlterTableType_AT_DetachPartitionFinalize:
		e.Action, e.Option = DetachPartition, "finalize"
	case pg.AlterTableType_AT_AddInherit, pg.AlterTableType_AT_DropInherit:
		parent := relation(Table, cmd.Def.GetRangeVar())
		e.Action, e.Option, e.References = AlterTable, "inherit", &parent
		if cmd.Subtype == pg.AlterTableType_AT_DropInherit {
			e.Option = "no inherit"
		}
	default:
		return false
	}
	if part != nil {
		e.NewName, e.NewSchema = part.Name.GetRelname(), part.Name.GetSchemaname()
	}
	r.add(e)
	return true
}

var tableOptions = map[pg.AlterTableType]string{
	pg.AlterTableType_AT_SetLogged:          "set logged",
	pg.AlterTableType_AT_SetUnLogged:        "set unlogged",
	pg.AlterTableType_AT_SetTableSpace:      "set tablespace",
	pg.AlterTableType_AT_SetAccessMethod:    "set access method",
	pg.AlterTableType_AT_SetRelOptions:      "set options",
	pg.AlterTableType_AT_ResetRelOptions:    "reset options",
	pg.AlterTableType_AT_ReplaceRelOptions:  "set options",
	pg.AlterTableType_AT_GenericOptions:     "set options",
	pg.AlterTableType_AT_ClusterOn:          "cluster on",
	pg.AlterTableType_AT_DropCluster:        "set without cluster",
	pg.AlterTableType_AT_DropOids:           "set without oids",
	pg.AlterTableType_AT_AddOf:              "of",
	pg.AlterTableType_AT_DropOf:             "not of",
	pg.AlterTableType_AT_ReplicaIdentity:    "replica identity",
	pg.AlterTableType_AT_ForceRowSecurity:   "force row security",
	pg.AlterTableType_AT_NoForceRowSecurity: "no force row security",
}

var triggerOptions = map[pg.AlterTableType]string{
	pg.AlterTableType_AT_EnableTrig:        "enable",
	pg.AlterTableType_AT_EnableAlwaysTrig:  "enable always",
	pg.AlterTableType_AT_EnableReplicaTrig: "enable replica",
	pg.AlterTableType_AT_DisableTrig:       "disable",
	pg.AlterTableType_AT_EnableTrigAll:     "enable all",
	pg.AlterTableType_AT_DisableTrigAll:    "disable all",
	pg.AlterTableType_AT_EnableTrigUser:    "enable user",
	pg.AlterTableType_AT_DisableTrigUser:   "disable user",
}

var ruleOptions = map[pg.AlterTableType]string{
	pg.AlterTableType_AT_EnableRule:        "enable",
	pg.AlterTableType_AT_EnableAlwaysRule:  "enable always",
	pg.AlterTableType_AT_EnableReplicaRule: "enable replica",
	pg.AlterTableType_AT_DisableRule:       "disable",
}

// optionCommand reads an action on the table as a whole, its triggers and rules.
func optionCommand(kind Kind, table *pg.RangeVar, cmd *pg.AlterTableCmd) Effect {
	if option, ok := triggerOptions[cmd.Subtype]; ok {
		return Effect{Action: AlterObject, Object: within(Trigger, table, cmd.Name), Option: option}
	}
	if option, ok := ruleOptions[cmd.Subtype]; ok {
		return Effect{Action: AlterObject, Object: within(Rule, table, cmd.Name), Option: option}
	}
	e := Effect{Action: AlterTable, Object: relation(kind, table), Option: tableOptions[cmd.Subtype], Value: cmd.Name}
	if kind != Table {
		e.Action = AlterObject
	}
	switch cmd.Subtype {
	case pg.AlterTableType_AT_ChangeOwner:
		e.Action, e.Value = SetOwner, cmd.Newowner.GetRolename()
	case pg.AlterTableType_AT_EnableRowSecurity:
		e.Action = EnableRowSecurity
	case pg.AlterTableType_AT_DisableRowSecurity:
		e.Action = DisableRowSecurity
	case pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions:
		e.Value = optionNames(cmd.Def)
	case pg.AlterTableType_AT_ReplicaIdentity:
		e.UsingIndex = cmd.Def.GetReplicaIdentityStmt().GetName()
	default:
		if e.Option == "" {
			return unknown("ALTER TABLE action " + cmd.Subtype.String())
		}
	}
	return e
}

// optionNames are the names of storage options, "toast." and the like before them.
func optionNames(n *pg.Node) string {
	var names []string
	for _, item := range n.GetList().GetItems() {
		def := item.GetDefElem()
		if def.GetDefnamespace() != "" {
			names = append(names, def.Defnamespace+"."+def.Defname)
			continue
		}
		names = append(names, def.GetDefname())
	}
	return strings.Join(names, ", ")
}
