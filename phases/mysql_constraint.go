package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// inTable is an object of the same table as o.
func inTable(o Object, kind Kind, name string) Object {
	return Object{Kind: kind, Schema: o.Schema, Table: o.Table, Name: name}
}

// ofTable is an object of the table o.
func ofTable(o Object, kind Kind, name string) Object {
	return Object{Kind: kind, Schema: o.Schema, Table: o.Name, Name: name}
}

func primaryKey(o Object, columns []string) Effect {
	return Effect{Action: AddConstraint, Object: inTable(o, Constraint, "PRIMARY"), ConstraintType: PrimaryKey,
		Columns: columns, Unique: true}
}

// columnKey is the unique index that UNIQUE behind a column makes, of the column's name.
func (r *mysqlReader) columnKey(column Effect) Effect {
	name := column.Object.Name
	return Effect{Action: CreateIndex, Object: inTable(column.Object, Index, name), ConstraintType: Unique, Unique: true,
		Columns: []string{name}, InTable: true}
}

// columnConstraint takes a CHECK or REFERENCES of a column.
func (r *mysqlReader) columnConstraint(column Object) []Effect {
	name := ""
	if r.accept("CONSTRAINT") && !r.at("CHECK") && !r.at("REFERENCES") {
		name = r.name()
	}
	e := Effect{Action: AddConstraint, Object: inTable(column, Constraint, name), Columns: []string{column.Name}}
	switch {
	case r.accept("CHECK"):
		r.check(&e)
		e.Columns = []string{column.Name}
	case r.accept("REFERENCES"):
		r.references(&e)
	case r.accept("PRIMARY", "KEY"):
		return []Effect{primaryKey(column, []string{column.Name})}
	case r.accept("UNIQUE"):
		r.acceptAny("KEY", "INDEX")
		key := r.columnKey(Effect{Object: column})
		key.Object.Name = name
		return []Effect{key}
	case r.accept("NOT", "NULL"):
		return nil
	default:
		r.fail("a constraint is expected")
	}
	return []Effect{e}
}

// check takes (condition) [[NOT] ENFORCED].
func (r *mysqlReader) check(e *Effect) {
	tokens := r.group()
	e.ConstraintType, e.Expression = Check, source(r.sql, tokens)
	e.Columns = namesIn(tokens)
	if r.accept("NOT", "ENFORCED") {
		e.NotEnforced = true
	} else {
		r.accept("ENFORCED")
	}
}

// namesIn are the names in an expression that may be columns: no function's, and
// no word that the grammar gives a meaning in conditions.
func namesIn(tokens []sqltext.Token) []string {
	var names []string
	seen := map[string]bool{"": true}
	for i, tok := range tokens {
		name := ""
		switch {
		case tok.Kind == sqltext.QuotedIdent, tok.Kind == sqltext.Word && !isConditionWord(tok.Text):
			name = identifier(sqltext.MySQL, tok)
		}
		if i+1 < len(tokens) && (tokens[i+1].Text == "(" || tokens[i+1].Text == ".") {
			name = ""
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func isConditionWord(word string) bool {
	switch strings.ToUpper(word) {
	case "AND", "OR", "XOR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "REGEXP", "RLIKE", "TRUE", "FALSE", "CASE", "WHEN",
		"THEN", "ELSE", "END", "DIV", "MOD", "INTERVAL", "BINARY", "COLLATE", "ESCAPE", "AS", "DAY", "YEAR", "MONTH", "HOUR",
		"MINUTE", "SECOND", "CURRENT_TIMESTAMP", "CURRENT_DATE", "SIGNED", "UNSIGNED", "CHAR", "USING":
		return true
	}
	return false
}

// references takes what stands behind REFERENCES.
func (r *mysqlReader) references(e *Effect) {
	parent := r.object(Table)
	e.ConstraintType, e.References = ForeignKey, &parent
	if r.peek().Text == "(" {
		e.ReferencedColumns, _ = r.keyParts()
	}
	for {
		switch {
		case r.accept("MATCH"):
			r.next()
		case r.accept("ON", "DELETE"):
			e.OnDelete = r.referentialAction()
		case r.accept("ON", "UPDATE"):
			r.referentialAction()
		default:
			return
		}
	}
}

func (r *mysqlReader) referentialAction() string {
	switch {
	case r.accept("SET", "NULL"):
		return "set null"
	case r.accept("SET", "DEFAULT"):
		return "set default"
	case r.accept("NO", "ACTION"):
		return ""
	}
	return strings.ToLower(r.next().Text)
}

// tableConstraint takes a constraint or index of the table, if one is next: of
// CREATE TABLE, or behind ADD.
func (r *mysqlReader) tableConstraint(table Object, part Action) bool {
	start, name := r.i, ""
	ifNotExists := false
	if r.accept("CONSTRAINT") {
		ifNotExists = r.ifNotExists()
		if !r.at("PRIMARY") && !r.at("UNIQUE") && !r.at("FOREIGN") && !r.at("CHECK") {
			name = r.name()
		}
	}
	e := Effect{Action: AddConstraint, Object: ofTable(table, Constraint, name), Part: part, IfNotExists: ifNotExists}
	switch {
	case r.accept("PRIMARY", "KEY"):
		e.IfNotExists = r.ifNotExists() || ifNotExists
		e.Object.Name, e.ConstraintType, e.Unique = "PRIMARY", PrimaryKey, true
		r.indexBody(&e)
		e.Object.Name = "PRIMARY"
	case r.accept("FOREIGN", "KEY"):
		r.foreignKey(&e)
	case r.accept("CHECK"):
		e.IfNotExists = r.ifNotExists() || ifNotExists
		r.check(&e)
	case r.at("UNIQUE"), r.at("FULLTEXT"), r.at("SPATIAL"), r.at("INDEX"), r.at("KEY"), r.at("VECTOR", "INDEX"), r.at("VECTOR", "KEY"):
		r.index(&e)
	default:
		r.i = start
		return false
	}
	r.add(e)
	return true
}

func (r *mysqlReader) foreignKey(e *Effect) {
	e.IfNotExists = r.ifNotExists() || e.IfNotExists
	if r.peek().Text != "(" {
		if name := r.name(); e.Object.Name == "" {
			e.Object.Name = name
		}
	}
	e.Columns, _ = r.keyParts()
	if !r.accept("REFERENCES") {
		r.fail("REFERENCES is expected")
		return
	}
	r.references(e)
}

// index takes [UNIQUE | FULLTEXT | SPATIAL] [INDEX | KEY] [name] (parts) options.
func (r *mysqlReader) index(e *Effect) {
	e.Action, e.Object.Kind, e.InTable = CreateIndex, Index, true
	switch word := r.acceptAny("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"); word {
	case "unique":
		e.Unique, e.ConstraintType = true, Unique
	default:
		e.Method = word
	}
	r.acceptAny("INDEX", "KEY")
	e.IfNotExists = r.ifNotExists() || e.IfNotExists
	r.indexBody(e)
}

// indexBody takes [name] [USING type] (parts) options.
func (r *mysqlReader) indexBody(e *Effect) {
	if r.peek().Text != "(" && !r.at("USING") && !r.at("TYPE") {
		e.Object.Name = r.name()
	}
	r.indexType(e)
	e.Columns, e.Option = r.keyParts()
	for r.indexOption(e) {
	}
}

func (r *mysqlReader) indexType(e *Effect) bool {
	if r.acceptAny("USING", "TYPE") == "" {
		return false
	}
	e.Method = strings.ToLower(r.name())
	return true
}

func (r *mysqlReader) indexOption(e *Effect) bool {
	switch {
	case r.indexType(e):
	case r.accept("WITH", "PARSER"):
		r.name()
	case r.accept("INVISIBLE"), r.accept("IGNORED"):
		e.Invisible = true
	case r.accept("VISIBLE"), r.accept("NOT", "IGNORED"):
	case r.acceptAny("KEY_BLOCK_SIZE", "COMMENT", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "CLUSTERING", "M", "DISTANCE") != "":
		r.op("=")
		r.next()
	default:
		return false
	}
	return true
}

// keyParts takes the parts of a key: columns, perhaps with a length and an order,
// or expressions, which are "". The second result is "functional" if there are any.
func (r *mysqlReader) keyParts() (columns []string, option string) {
	for _, part := range splitCommas(r.group()) {
		c := cursor{sql: r.sql, tokens: part}
		name := ""
		if isName(c.peek()) || c.peek().Kind == sqltext.String {
			name = c.name()
		} else {
			option = "functional"
		}
		columns = append(columns, name)
	}
	return columns, option
}
