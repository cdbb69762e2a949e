package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// set reads SET: settings, variables, and MariaDB's SET STATEMENT ... FOR.
func (r *mysqlReader) set() {
	switch {
	case r.accept("STATEMENT"):
		r.setStatement()
		return
	case r.accept("PASSWORD"), r.accept("ROLE"), r.accept("DEFAULT", "ROLE"), r.accept("RESOURCE", "GROUP"):
		r.rest()
		r.add(Effect{Action: Session, Option: "set"})
		return
	case r.acceptAny("NAMES", "CHARSET") != "", r.accept("CHARACTER", "SET"):
		value := r.optionValue()
		r.rest()
		r.add(Effect{Action: SetSetting, Object: Object{Kind: Setting, Name: "names"}, Value: value, Option: "session"})
		return
	}
	for _, item := range splitCommas(r.rest()) {
		r.add(r.setting(item))
	}
}

// setStatement reads SET STATEMENT a = 1, ... FOR statement.
func (r *mysqlReader) setStatement() {
	end := r.find("FOR")
	for _, item := range splitCommas(r.tokens[r.i:end]) {
		e := r.setting(item)
		e.Option = "statement"
		r.add(e)
	}
	r.i = min(end+1, len(r.tokens))
	if r.done() {
		r.fail("FOR is expected")
		return
	}
	r.statement()
}

// setting reads one assignment. A user's variable keeps its @.
func (r *mysqlReader) setting(tokens []sqltext.Token) Effect {
	c := cursor{sql: r.sql, tokens: tokens}
	e := Effect{Action: SetSetting, Object: Object{Kind: Setting}, Option: "session"}
	if c.acceptAny("GLOBAL", "PERSIST", "PERSIST_ONLY") != "" {
		e.Option = "global"
	} else {
		c.acceptAny("SESSION", "LOCAL")
	}
	if c.accept("TRANSACTION") {
		e.Object.Name, e.Value = "transaction", source(r.sql, c.rest())
		return e
	}
	name := strings.ToLower(c.next().Text)
	for c.op(".") {
		name += "." + strings.ToLower(c.next().Text)
	}
	if rest, ok := strings.CutPrefix(name, "@@"); ok {
		scope, setting, found := strings.Cut(rest, ".")
		if name = rest; found {
			name = setting
			if scope != "session" && scope != "local" {
				e.Option = "global"
			}
		}
	}
	if !c.op("=") {
		c.op(":=")
	}
	e.Object.Name = strings.Trim(name, "`")
	e.Value = settingText(r.sql, c.rest())
	return e
}

// settingText is a value's text, without quotes where it is one string.
func settingText(sql string, tokens []sqltext.Token) string {
	if len(tokens) == 1 && tokens[0].Kind == sqltext.String {
		return stringText(tokens[0].Text)
	}
	return source(sql, tokens)
}

// grant reads GRANT and REVOKE, of privileges on an object or of roles.
func (r *mysqlReader) grant(word string) {
	e := Effect{Action: Grant}
	if word == "REVOKE" {
		e.Action = Revoke
		r.ifExists()
	}
	on := r.find("ON")
	to := r.find("TO", "FROM")
	if on > to {
		e.Object, e.Option = Object{Kind: Role, Name: typeText(r.tokens[r.i:to])}, "role"
		if strings.HasPrefix(e.Object.Name, "all ") {
			e.Object, e.Option, e.Privileges = Object{}, "", []string{"all"}
		}
		r.rest()
		r.add(e)
		return
	}
	for _, item := range splitCommas(r.tokens[r.i:on]) {
		c := cursor{tokens: item}
		end := c.i
		for end < len(item) && item[end].Text != "(" {
			end++
		}
		privilege := strings.TrimSuffix(typeText(item[:end]), " privileges")
		e.Privileges = append(e.Privileges, privilege)
	}
	r.i = min(on+1, len(r.tokens))
	e.Object = r.grantedObject()
	r.rest()
	r.add(e)
}

// grantedObject takes db.table, db.*, *.* or a routine; what * names is a schema.
func (r *mysqlReader) grantedObject() Object {
	kind := Table
	switch r.acceptAny("TABLE", "FUNCTION", "PROCEDURE", "SEQUENCE") {
	case "function":
		kind = Function
	case "procedure":
		kind = Procedure
	case "sequence":
		kind = Sequence
	}
	if r.op("*") {
		return Object{Kind: Schema}
	}
	name := r.name()
	switch {
	case !r.op("."):
		return Object{Kind: kind, Name: name}
	case r.op("*"):
		return Object{Kind: Schema, Name: name}
	}
	return Object{Kind: kind, Schema: name, Name: r.name()}
}

// lockTables reads LOCK TABLES a READ, b AS c WRITE; and MySQL's LOCK INSTANCE.
func (r *mysqlReader) lockTables() {
	if r.acceptAny("TABLES", "TABLE") == "" {
		r.rest()
		r.add(Effect{Action: Session, Option: "lock"})
		return
	}
	for {
		e := Effect{Action: LockTable, Object: r.object(Table)}
		r.accept("AS")
		if !r.at("READ") && !r.at("WRITE") && !r.at("LOW_PRIORITY") && isName(r.peek()) {
			r.name()
		}
		r.accept("LOW_PRIORITY")
		e.Lock = r.acceptAny("READ", "WRITE")
		r.acceptAny("LOCAL", "CONCURRENT")
		r.add(e)
		if !r.op(",") {
			break
		}
	}
	r.wait()
	r.end()
}

// maintain reads ANALYZE, OPTIMIZE, REPAIR, CHECK and CHECKSUM TABLE.
func (r *mysqlReader) maintain(word string) {
	actions := map[string]Action{"ANALYZE": Analyze, "OPTIMIZE": Optimize, "REPAIR": Optimize, "CHECK": Query, "CHECKSUM": Query}
	r.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
	if r.acceptAny("TABLE", "TABLES") == "" {
		r.maintainOther(word)
		return
	}
	for {
		r.add(Effect{Action: actions[word], Object: r.object(Table), Option: strings.ToLower(word)})
		if !r.op(",") {
			break
		}
	}
	r.rest()
}

// maintainOther reads ANALYZE of a statement, which runs it, and CHECK VIEW.
func (r *mysqlReader) maintainOther(word string) {
	if word == "ANALYZE" && !r.done() {
		r.accept("FORMAT")
		if r.op("=") {
			r.next()
		}
		r.statement()
		return
	}
	r.rest()
	r.add(Effect{Action: Session, Option: strings.ToLower(word)})
}

// transaction reads what begins and ends transactions; BEGIN NOT ATOMIC is
// MariaDB's compound statement.
func (r *mysqlReader) transaction(word string) {
	if word == "BEGIN" && r.at("NOT", "ATOMIC") {
		r.compound()
		return
	}
	e := Effect{Action: Transaction}
	if word == "START" && !r.at("TRANSACTION") {
		e = Effect{Action: Session, Option: "start"}
	}
	r.rest()
	r.add(e)
}

// compound reads a compound statement whose first word is taken: it runs now.
func (r *mysqlReader) compound() {
	r.i--
	r.effects = append(r.effects, conditional(compoundEffects(r.sql, r.rest()))...)
}

// prepare reads PREPARE, which runs nothing. Of a string its body is known.
func (r *mysqlReader) prepare() {
	r.name()
	e := Effect{Action: Session, Option: "prepare"}
	if r.accept("FROM") && r.peek().Kind == sqltext.String {
		e.Body = mysqlEffects(stringText(r.next().Text))
	}
	r.rest()
	r.add(e)
}

// execute reads EXECUTE IMMEDIATE of a string, MariaDB's; any other runs what
// only the session knows.
func (r *mysqlReader) execute() {
	if r.accept("IMMEDIATE") && r.peek().Kind == sqltext.String && (r.ahead(1).Text == "" || r.ahead(1).Is("USING")) {
		r.effects = mysqlEffects(stringText(r.peek().Text))
		r.rest()
		return
	}
	r.rest()
	r.add(unknown("EXECUTE of a statement made at run time"))
}
