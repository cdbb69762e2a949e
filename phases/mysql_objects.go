package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// mysqlKinds are the kinds that CREATE, ALTER and DROP name by one word.
var mysqlKinds = map[string]Kind{
	"VIEW": View, "TRIGGER": Trigger, "PROCEDURE": Procedure, "FUNCTION": Function, "EVENT": Event,
	"DATABASE": Schema, "SCHEMA": Schema, "SEQUENCE": Sequence, "USER": Role, "ROLE": Role, "SERVER": "server",
	"TABLESPACE": "tablespace", "INSTANCE": "instance", "PACKAGE": "package",
}

// kind takes the word for a kind of object.
func (r *mysqlReader) kind() (Kind, bool) {
	kind, ok := mysqlKinds[strings.ToUpper(r.peek().Text)]
	if ok && r.peek().Kind == sqltext.Word {
		r.next()
		return kind, true
	}
	for _, words := range [][]string{{"RESOURCE", "GROUP"}, {"LOGFILE", "GROUP"}, {"UNDO", "TABLESPACE"}, {"SPATIAL", "REFERENCE", "SYSTEM"}} {
		if r.accept(words...) {
			return Kind(strings.ToLower(strings.Join(words, " "))), true
		}
	}
	return "", false
}

// create reads what stands behind CREATE.
func (r *mysqlReader) create() {
	e := Effect{OrReplace: r.accept("OR", "REPLACE")}
	r.definition()
	for r.acceptAny("ONLINE", "OFFLINE", "AGGREGATE") != "" {
	}
	e.Temporary = r.accept("TEMPORARY")
	switch {
	case r.accept("TABLE"):
		r.createTable(e)
	case r.at("INDEX"), r.at("UNIQUE"), r.at("FULLTEXT"), r.at("SPATIAL", "INDEX"), r.at("VECTOR", "INDEX"):
		r.createIndex(e)
	default:
		kind, ok := r.kind()
		if !ok {
			r.fail("the kind of object to create is not known")
			return
		}
		r.createObject(e, kind)
	}
}

// definition takes ALGORITHM, DEFINER and SQL SECURITY, which stand before the
// kind of object.
func (r *mysqlReader) definition() {
	for {
		switch {
		case r.accept("ALGORITHM"):
			r.op("=")
			r.next()
		case r.accept("DEFINER"):
			r.op("=")
			r.account()
		case r.accept("SQL", "SECURITY"):
			r.next()
		default:
			return
		}
	}
}

// account takes a user: 'name'@'host', CURRENT_USER or CURRENT_USER().
func (r *mysqlReader) account() string {
	name := r.name()
	if r.peek().Text == "(" {
		r.group()
	}
	switch tok := r.peek(); {
	case tok.Text == "@":
		r.next()
		r.name()
	case tok.Kind == sqltext.Variable:
		r.next()
	}
	return name
}

// createIndex reads CREATE INDEX, which MySQL runs as ALTER TABLE ... ADD.
func (r *mysqlReader) createIndex(e Effect) {
	r.namedIndex(&e)
	r.add(e)
	for !r.done() {
		switch {
		case r.accept("ALGORITHM"):
			r.op("=")
			r.algorithm = strings.ToLower(r.name())
		case r.accept("LOCK"):
			r.op("=")
			r.lock = strings.ToLower(r.name())
		case r.indexOption(&r.effects[0]):
		default:
			r.fail("an index option is expected")
		}
	}
}

// namedIndex takes an index whose name and table stand before its parts.
func (r *mysqlReader) namedIndex(e *Effect) {
	e.Action, e.InTable = CreateIndex, true
	word := r.acceptAny("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR")
	if word == "unique" {
		e.Unique, e.ConstraintType = true, Unique
	} else {
		e.Method = word
	}
	r.accept("INDEX")
	e.IfNotExists = r.ifNotExists()
	name := r.name()
	r.indexType(e)
	if !r.accept("ON") {
		r.fail("ON is expected")
	}
	e.Object = ofTable(r.object(Table), Index, name)
	e.Columns, e.Option = r.keyParts()
	r.wait()
}

func (r *mysqlReader) createObject(e Effect, kind Kind) {
	e.IfNotExists = r.ifNotExists()
	switch kind {
	case View:
		r.createView(e)
	case Trigger:
		r.createTrigger(e)
	case Function, Procedure:
		r.createRoutine(e, kind)
	case Event:
		r.createEvent(e)
	case Role:
		e.Action, e.Object = CreateObject, Object{Kind: Role, Name: r.account()}
		r.add(e)
		r.rest()
	case Schema:
		e.Action, e.Object = CreateSchema, r.object(kind)
		r.schemaOptions(&e)
	case Sequence:
		e.Action, e.Object = CreateSequence, r.object(kind)
		r.add(e)
		r.rest()
	default:
		e.Action, e.Object = CreateObject, Object{Kind: kind, Name: r.optionValue()}
		r.add(e)
		r.rest()
	}
}

func (r *mysqlReader) schemaOptions(e *Effect) {
	r.accept("DEFAULT")
	r.charset(e)
	r.add(*e)
	r.rest()
}

func (r *mysqlReader) createView(e Effect) {
	e.Action, e.Object = CreateView, r.object(View)
	if e.OrReplace {
		e.Action = ReplaceView
	}
	if r.peek().Text == "(" {
		e.Columns, _ = r.keyParts()
	}
	if !r.accept("AS") {
		r.fail("AS is expected")
		return
	}
	if query := r.rest(); e.Columns == nil {
		e.Columns = selectColumns(query)
	}
	r.add(e)
}

// selectColumns are the names of a query's columns, nil where a star or an
// expression without a name hides them.
func selectColumns(tokens []sqltext.Token) []string {
	c := cursor{tokens: tokens}
	for c.peek().Text == "(" {
		c.i++
	}
	if !c.accept("SELECT") {
		return nil
	}
	for c.acceptAny("ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_NO_CACHE") != "" {
	}
	end := c.find("FROM", "UNION", "WHERE", "LIMIT", "ORDER")
	var names []string
	for _, item := range splitCommas(c.tokens[c.i:end]) {
		name := selectColumn(item)
		if name == "" {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// selectColumn is the name of one column of a query: its alias, or that of the
// column it is; "" for an expression without an alias.
func selectColumn(item []sqltext.Token) string {
	n := len(item)
	if n == 0 || !isName(item[n-1]) && item[n-1].Kind != sqltext.String || isConditionWord(item[n-1].Text) {
		return ""
	}
	if n > 1 {
		before := item[n-2]
		operand := before.Text == ")" || before.Text == "." || before.Kind >= sqltext.Word && before.Kind <= sqltext.Number
		if !operand {
			return ""
		}
	}
	c := cursor{tokens: item[n-1:]}
	return c.name()
}

// alterOther reads ALTER of anything but a table.
func (r *mysqlReader) alterOther() {
	r.definition()
	kind, ok := r.kind()
	if !ok {
		r.fail("the kind of object to alter is not known")
		return
	}
	e := Effect{Action: AlterObject, IfExists: r.ifExists()}
	switch kind {
	case View:
		r.createView(Effect{OrReplace: true})
		return
	case Event:
		r.alterEvent(e)
		return
	case Role:
		e.Object = Object{Kind: Role, Name: r.account()}
	case Schema:
		e.Object = Object{Kind: Schema}
		if isName(r.peek()) && !r.at("DEFAULT") && !r.at("CHARACTER") && !r.at("CHARSET") && !r.at("COLLATE") {
			e.Object = r.object(Schema)
		}
		r.accept("DEFAULT")
		r.charset(&e)
		e.Option = "charset"
	case "instance":
		e.Object = Object{Kind: kind}
	default:
		e.Object = r.object(kind)
	}
	r.add(e)
	r.rest()
}

func (r *mysqlReader) alterEvent(e Effect) {
	e.Object = r.object(Event)
	if at := r.find("RENAME"); at < len(r.tokens) {
		r.i = at
		r.accept("RENAME", "TO")
		to := r.object(Event)
		r.add(Effect{Action: RenameObject, Object: e.Object, NewName: to.Name, NewSchema: to.Schema})
	}
	if at := r.find("DO"); at < len(r.tokens) {
		r.i = at + 1
		e.Body = compoundEffects(r.sql, r.rest())
	}
	r.add(e)
	r.rest()
}
