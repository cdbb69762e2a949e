package phases

import (
	"strings"
)

// alter reads what stands behind ALTER.
func (r *mysqlReader) alter() {
	for {
		word := r.acceptAny("ONLINE", "OFFLINE", "IGNORE")
		if word == "online" {
			r.lock = "none" // MariaDB manual, ALTER TABLE
		}
		if word == "" {
			break
		}
	}
	switch {
	case r.accept("TABLE"):
		r.alterTable()
	default:
		r.alterOther()
	}
}

// alterTable reads the clauses of ALTER TABLE, one effect or more for each.
func (r *mysqlReader) alterTable() {
	ifExists := r.ifExists()
	table := r.object(Table)
	r.wait()
	for !r.done() {
		r.alterClause(table)
		r.op(",")
	}
	r.keyColumns(0)
	if len(r.effects) == 0 && r.failed == "" {
		r.add(Effect{Action: AlterTable, Object: table})
	}
	if ifExists {
		conditional(r.effects)
	}
}

func (r *mysqlReader) alterClause(table Object) {
	switch {
	case r.accept("ADD"):
		r.addClause(table)
	case r.accept("DROP"):
		r.dropClause(table)
	case r.accept("MODIFY"), r.accept("CHANGE"):
		r.modifyClause(table)
	case r.accept("ALTER"):
		r.alterInner(table)
	case r.accept("RENAME"):
		r.renameClause(table)
	case r.accept("ALGORITHM"):
		r.op("=")
		r.algorithm = strings.ToLower(r.name())
	case r.accept("LOCK"):
		r.op("=")
		r.lock = strings.ToLower(r.name())
	case r.partitionClause(table):
	default:
		r.optionClause(table)
	}
}

func (r *mysqlReader) addClause(table Object) {
	switch {
	case r.accept("PARTITION"):
		r.addPartition(table)
	case r.accept("SYSTEM", "VERSIONING"):
		r.add(Effect{Action: AlterTable, Object: table, Option: "add system versioning"})
	case r.accept("PERIOD", "FOR"):
		r.ifNotExists()
		name := r.name()
		r.group()
		r.add(Effect{Action: AlterTable, Object: table, Option: "add period", Value: name})
	case r.tableConstraint(table, ""):
	default:
		r.accept("COLUMN")
		ifNotExists := r.ifNotExists()
		if r.peek().Text == "(" {
			r.addColumns(table)
			return
		}
		r.column(Effect{Action: AddColumn, Object: ofTable(table, Column, r.name()), IfNotExists: ifNotExists}, AddColumn)
	}
}

// addColumns reads ADD (column, column ...).
func (r *mysqlReader) addColumns(table Object) {
	inner := &mysqlReader{cursor: cursor{sql: r.sql, tokens: r.group()}}
	for !inner.done() {
		inner.addClause(table)
		inner.op(",")
	}
	r.effects = append(r.effects, inner.effects...)
	if inner.failed != "" {
		r.fail(inner.failed)
	}
}

func (r *mysqlReader) dropClause(table Object) {
	e := Effect{Action: DropConstraint}
	kind := Constraint
	switch {
	case r.accept("PRIMARY", "KEY"):
		r.add(Effect{Action: DropConstraint, Object: ofTable(table, Constraint, "PRIMARY"), ConstraintType: PrimaryKey})
		return
	case r.accept("PARTITION"):
		e.Action, kind = DropPartition, Partition
	case r.accept("SYSTEM", "VERSIONING"):
		r.add(Effect{Action: AlterTable, Object: table, Option: "drop system versioning"})
		return
	case r.accept("PERIOD", "FOR"):
		r.add(Effect{Action: AlterTable, Object: table, Option: "drop period", IfExists: r.ifExists(), Value: r.name()})
		return
	case r.accept("FOREIGN", "KEY"):
		e.ConstraintType = ForeignKey
	case r.accept("CHECK"):
		e.ConstraintType = Check
	case r.accept("CONSTRAINT"):
	case r.accept("INDEX"), r.accept("KEY"):
		e.Action, kind, e.InTable = DropIndex, Index, true
	default:
		r.accept("COLUMN")
		e.Action, kind = DropColumn, Column
	}
	e.IfExists = r.ifExists()
	e.Object = ofTable(table, kind, r.name())
	r.add(e)
	for kind == Partition && r.op(",") {
		e.Object.Name = r.name()
		r.add(e)
	}
	r.acceptAny("RESTRICT", "CASCADE")
}

// modifyClause reads MODIFY and CHANGE; a CHANGE to another name renames first.
func (r *mysqlReader) modifyClause(table Object) {
	change := r.tokens[r.i-1].Is("CHANGE")
	r.accept("COLUMN")
	ifExists := r.ifExists()
	name := r.name()
	if change {
		newName := r.name()
		if !strings.EqualFold(name, newName) {
			r.add(Effect{Action: RenameColumn, Object: ofTable(table, Column, name), NewName: newName, IfExists: ifExists})
		}
		name = newName
	}
	r.column(Effect{Action: AlterColumnType, Object: ofTable(table, Column, name), IfExists: ifExists, Restated: true}, AlterColumnType)
}

// alterInner reads ALTER TABLE ... ALTER of a column, index or constraint.
func (r *mysqlReader) alterInner(table Object) {
	switch {
	case r.accept("INDEX"), r.accept("KEY"):
		ifExists := r.ifExists()
		e := Effect{Action: AlterObject, Object: ofTable(table, Index, r.name()), InTable: true, IfExists: ifExists}
		switch {
		case r.accept("INVISIBLE"), r.accept("IGNORED"):
			e.Option, e.Invisible = "invisible", true
		case r.accept("VISIBLE"), r.accept("NOT", "IGNORED"):
			e.Option = "visible"
		default:
			r.fail("VISIBLE or INVISIBLE is expected")
		}
		r.add(e)
	case r.accept("CHECK"), r.accept("CONSTRAINT"):
		e := Effect{Action: AlterConstraint, Object: ofTable(table, Constraint, r.name()), Option: "enforced"}
		if r.accept("NOT") {
			e.Option, e.NotEnforced = "not enforced", true
		}
		r.accept("ENFORCED")
		r.add(e)
	default:
		r.accept("COLUMN")
		ifExists := r.ifExists()
		r.alterColumn(Effect{Object: ofTable(table, Column, r.name()), IfExists: ifExists})
	}
}

func (r *mysqlReader) alterColumn(e Effect) {
	switch {
	case r.accept("SET", "DEFAULT"):
		e.Action = SetDefault
		r.defaultValue(&e)
	case r.accept("DROP", "DEFAULT"):
		e.Action = DropDefault
	case r.accept("SET", "INVISIBLE"):
		e.Action, e.Option, e.Invisible = AlterColumn, "invisible", true
	case r.accept("SET", "VISIBLE"):
		e.Action, e.Option = AlterColumn, "visible"
	default:
		r.fail("SET or DROP is expected")
		return
	}
	r.add(e)
}

func (r *mysqlReader) renameClause(table Object) {
	switch {
	case r.accept("COLUMN"):
		ifExists := r.ifExists()
		r.renameInner(Effect{Action: RenameColumn, Object: ofTable(table, Column, r.name()), IfExists: ifExists})
	case r.accept("INDEX"), r.accept("KEY"):
		ifExists := r.ifExists()
		r.renameInner(Effect{Action: RenameIndex, Object: ofTable(table, Index, r.name()), IfExists: ifExists, InTable: true})
	default:
		if r.acceptAny("TO", "AS") == "" {
			r.op("=")
		}
		to := r.object(Table)
		r.add(Effect{Action: RenameTable, Object: table, NewName: to.Name, NewSchema: to.Schema})
	}
}

func (r *mysqlReader) renameInner(e Effect) {
	if !r.accept("TO") {
		r.fail("TO is expected")
		return
	}
	e.NewName = r.name()
	r.add(e)
}

// optionClause reads what changes the table as a whole.
func (r *mysqlReader) optionClause(table Object) {
	e := Effect{Action: AlterTable, Object: table}
	switch {
	case r.accept("CONVERT", "TO"):
		e.Option = "convert to charset"
		r.charset(&e)
		e.Value = e.Charset
	case r.accept("FORCE"):
		e.Option = "force"
	case r.accept("ORDER", "BY"):
		e.Option = "order by"
		r.orderBy()
	case r.accept("ENABLE", "KEYS"):
		e.Option = "enable keys"
	case r.accept("DISABLE", "KEYS"):
		e.Option = "disable keys"
	case r.accept("DISCARD", "TABLESPACE"):
		e.Option = "discard tablespace"
	case r.accept("IMPORT", "TABLESPACE"):
		e.Option = "import tablespace"
	case r.acceptAny("SECONDARY_LOAD", "SECONDARY_UNLOAD") != "":
		e.Option = "secondary engine"
	case r.at("WITH", "VALIDATION"), r.at("WITHOUT", "VALIDATION"):
		r.i += 2
		return
	default:
		var ok bool
		if e.Option, e.Value, ok = r.tableOption(&e); !ok {
			r.fail("a clause of ALTER TABLE is expected")
			return
		}
	}
	r.add(e)
}

// orderBy takes a list of columns, which ends the statement.
func (r *mysqlReader) orderBy() {
	for {
		r.object(Column)
		r.acceptAny("ASC", "DESC")
		if !r.op(",") {
			return
		}
	}
}
