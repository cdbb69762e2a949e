package phases

import (
	"slices"
	"strings"
)

// addPartition reads ADD PARTITION, whose names stand in its definitions.
func (r *mysqlReader) addPartition(table Object) {
	e := Effect{Action: AddPartition, IfNotExists: r.ifNotExists(), Object: ofTable(table, Partition, "")}
	if r.accept("PARTITIONS") {
		r.next()
		r.add(e)
		return
	}
	for _, part := range splitCommas(r.group()) {
		c := cursor{sql: r.sql, tokens: part}
		c.accept("PARTITION")
		e.Object.Name = c.name()
		r.add(e)
	}
}

// partitionClause reads the clauses on partitions, which end the statement or are
// followed by a comma.
func (r *mysqlReader) partitionClause(table Object) bool {
	alter := Effect{Action: AlterPartition, Object: ofTable(table, Partition, "")}
	switch {
	case r.accept("PARTITION", "BY"):
		r.rest()
		r.add(Effect{Action: AlterTable, Object: table, Option: "partition by"})
	case r.accept("REMOVE", "PARTITIONING"):
		r.add(Effect{Action: AlterTable, Object: table, Option: "remove partitioning"})
	case r.accept("EXCHANGE", "PARTITION"):
		alter.Option, alter.Object.Name = "exchange", r.name()
		r.accept("WITH", "TABLE")
		r.otherTable(alter)
		r.validation()
	case r.accept("CONVERT", "PARTITION"):
		alter.Option, alter.Object.Name = "convert to table", r.name()
		r.accept("TO", "TABLE")
		r.otherTable(alter)
	case r.accept("CONVERT", "TABLE"):
		from := r.object(Table)
		r.accept("TO", "PARTITION")
		r.add(Effect{Action: AttachPartition, Object: table, NewName: from.Name, NewSchema: from.Schema, Value: r.name()})
		r.i = min(r.find("WITH", "WITHOUT"), len(r.tokens))
		r.validation()
	default:
		return r.maintainPartition(alter)
	}
	return true
}

func (r *mysqlReader) validation() {
	if r.acceptAny("WITH", "WITHOUT") != "" {
		r.accept("VALIDATION")
	}
}

func (r *mysqlReader) otherTable(e Effect) {
	to := r.object(Table)
	e.NewName, e.NewSchema = to.Name, to.Schema
	r.add(e)
}

// maintainPartition reads TRUNCATE PARTITION and its like: a verb, then names or ALL.
func (r *mysqlReader) maintainPartition(e Effect) bool {
	verbs := []string{"TRUNCATE", "COALESCE", "REORGANIZE", "ANALYZE", "CHECK", "OPTIMIZE", "REBUILD", "REPAIR", "DISCARD", "IMPORT"}
	if !slices.ContainsFunc(verbs, func(verb string) bool { return r.at(verb, "PARTITION") }) {
		return false
	}
	e.Option = strings.ToLower(r.next().Text)
	r.next()
	r.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
	switch {
	case e.Option == "coalesce":
		r.next()
		r.add(e)
	case r.accept("ALL"), r.done():
		r.add(e)
	default:
		for _, name := range r.names() {
			e.Object.Name = name
			r.add(e)
		}
	}
	if r.accept("INTO") {
		r.group()
	}
	r.accept("TABLESPACE")
	for r.acceptAny("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED") != "" {
	}
	return true
}
