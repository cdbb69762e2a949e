package phases

import (
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// data reads a statement on rows, whose first word is taken.
func (r *mysqlReader) data(word string) {
	switch word {
	case "INSERT", "REPLACE":
		r.insert(word)
	case "UPDATE":
		r.update()
	case "DELETE":
		r.deleteRows()
	case "WITH":
		r.with()
	case "LOAD", "IMPORT":
		r.load(word)
	case "CALL":
		r.add(Effect{Action: Call, Object: r.object(Procedure)})
		r.rest()
	case "DO":
		r.add(Effect{Action: Query})
		r.rest()
	default:
		r.query()
	}
}

// with passes over the common tables of a WITH.
func (r *mysqlReader) with() {
	r.i = r.find("SELECT", "UPDATE", "DELETE", "INSERT", "REPLACE", "VALUES", "TABLE")
	if r.done() {
		r.query()
		return
	}
	r.data(strings.ToUpper(r.next().Text))
}

// query reads a SELECT; its object is the first table it reads from.
func (r *mysqlReader) query() {
	e := Effect{Action: Query}
	if at := r.find("FROM"); at+1 < len(r.tokens) && isName(r.tokens[at+1]) {
		r.i = at + 1
		e.Object = r.object(Table)
	}
	e.HasWhere = r.find("WHERE") < len(r.tokens)
	if r.find("FOR") < len(r.tokens) || r.find("LOCK") < len(r.tokens) {
		e.Option = "for update"
	}
	r.rest()
	r.add(e)
}

func (r *mysqlReader) insert(verb string) {
	for r.acceptAny("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO") != "" {
	}
	e := Effect{Action: InsertRows, Object: r.object(Table)}
	if verb == "REPLACE" {
		e.Option = "replace"
	}
	if r.accept("PARTITION") {
		r.group()
	}
	if r.peek().Text == "(" && !isQueryStart(r.ahead(1)) {
		e.Columns, _ = r.keyParts()
	}
	switch {
	case r.acceptAny("VALUES", "VALUE") != "":
		e.Rows = r.valueLists()
	case r.accept("SET"):
		e.Rows, e.Columns = 1, namesOf(r.assignments())
	}
	if r.find("DUPLICATE") < len(r.tokens) {
		e.Option = "on duplicate key update"
	}
	r.rest()
	r.add(e)
}

// valueLists counts the rows of VALUES.
func (r *mysqlReader) valueLists() int {
	rows := 0
	for {
		r.accept("ROW")
		if r.peek().Text != "(" {
			return rows
		}
		r.group()
		rows++
		if !r.op(",") {
			return rows
		}
	}
}

// assignments are the columns assigned to behind SET, each with the table before
// it, up to a WHERE.
func (r *mysqlReader) assignments() []Object {
	end := r.find("WHERE", "ORDER", "LIMIT", "ON", "RETURNING")
	var columns []Object
	for _, item := range splitCommas(r.tokens[r.i:end]) {
		c := cursor{sql: r.sql, tokens: item}
		column := Object{Kind: Column, Name: c.name()}
		for c.op(".") {
			column.Schema, column.Table, column.Name = column.Table, column.Name, c.name()
		}
		columns = append(columns, column)
	}
	r.i = end
	return columns
}

func namesOf(objects []Object) []string {
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	return names
}

// update reads UPDATE of one table, or of those of several that it assigns to.
func (r *mysqlReader) update() {
	for r.acceptAny("LOW_PRIORITY", "IGNORE") != "" {
	}
	set := r.find("SET")
	tables := tableAliases(r.tokens[r.i:set])
	r.i = min(set+1, len(r.tokens))
	if len(tables) == 0 {
		r.fail("a table to update is expected")
		return
	}
	columns := r.assignments()
	where := r.find("WHERE") < len(r.tokens)
	r.rest()
	at := len(r.effects)
	for _, column := range columns {
		o := aliased(tables, column.Table)
		i := slices.IndexFunc(r.effects[at:], func(e Effect) bool { return e.Object == o })
		if i < 0 {
			r.add(Effect{Action: UpdateRows, Object: o, HasWhere: where})
			i = len(r.effects) - 1 - at
		}
		r.effects[at+i].Columns = append(r.effects[at+i].Columns, column.Name)
	}
}

// alias is a table by the name that a statement gives to it.
type alias struct {
	name  string
	table Object
}

// aliased is the table of that name, else the first.
func aliased(tables []alias, name string) Object {
	for _, t := range tables {
		if strings.EqualFold(t.name, name) {
			return t.table
		}
	}
	return tables[0].table
}

// tableAliases are the tables that a FROM's tokens name. A derived table has no
// name but its alias.
func tableAliases(tokens []sqltext.Token) []alias {
	var tables []alias
	c := cursor{tokens: tokens}
	for !c.done() {
		a := alias{table: Object{Kind: Table}}
		if c.peek().Text == "(" {
			c.group()
		} else {
			a.table = c.object(Table)
		}
		a.name = a.table.Name
		c.accept("AS")
		if isName(c.peek()) && !isJoinWord(c.peek()) {
			a.name = c.name()
		}
		tables = append(tables, a)
		for !c.done() && c.peek().Text != "," && !c.at("JOIN") && !c.at("STRAIGHT_JOIN") {
			c.skip()
		}
		c.next()
		c.accept("LATERAL")
	}
	if c.failed != "" {
		return nil
	}
	return tables
}

// skip passes over a token, or what it opens.
func (c *cursor) skip() {
	if c.peek().Text == "(" {
		c.group()
		return
	}
	c.next()
}

func isJoinWord(tok sqltext.Token) bool {
	switch strings.ToUpper(tok.Text) {
	case "JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "NATURAL", "STRAIGHT_JOIN", "ON", "USING", "USE", "IGNORE", "FORCE",
		"PARTITION", "SET", "WHERE", "ORDER", "LIMIT", "FOR", "RETURNING":
		return tok.Kind == sqltext.Word
	}
	return false
}

// deleteRows reads DELETE of one table or, by FROM or USING, of several.
func (r *mysqlReader) deleteRows() {
	for r.acceptAny("LOW_PRIORITY", "QUICK", "IGNORE") != "" {
	}
	from := r.accept("FROM")
	var targets []Object
	for {
		targets = append(targets, r.deleteTarget())
		if !r.op(",") {
			break
		}
	}
	if r.accept("FROM") || from && r.accept("USING") {
		tables := tableAliases(r.tokens[r.i:r.find("WHERE", "ORDER", "LIMIT")])
		for i, o := range targets {
			if t := slices.IndexFunc(tables, func(a alias) bool { return strings.EqualFold(a.name, o.Name) }); t >= 0 {
				targets[i] = tables[t].table
			}
		}
	}
	where := r.find("WHERE") < len(r.tokens)
	r.rest()
	for _, o := range targets {
		r.add(Effect{Action: DeleteRows, Object: o, HasWhere: where})
	}
}

// deleteTarget takes a table to delete from, which may be written t.*.
func (r *mysqlReader) deleteTarget() Object {
	o := Object{Kind: Table, Name: r.name()}
	for r.op(".") && !r.op("*") {
		o.Schema, o.Name = o.Name, r.name()
	}
	return o
}

// load reads LOAD DATA and LOAD XML, and IMPORT TABLE.
func (r *mysqlReader) load(word string) {
	e := Effect{Action: InsertRows, Option: "load"}
	r.i = r.find("TABLE")
	switch {
	case word == "IMPORT":
		r.fail("IMPORT TABLE makes tables that only its files name")
	case r.accept("TABLE"):
		e.Object = r.object(Table)
		r.rest()
		r.add(e)
	default: // LOAD INDEX INTO CACHE
		r.rest()
		r.add(Effect{Action: Session, Option: "load"})
	}
}
