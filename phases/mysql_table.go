package phases

import (
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// createTable reads what stands behind CREATE TABLE.
func (r *mysqlReader) createTable(e Effect) {
	e.Action, e.IfNotExists = CreateTable, r.ifNotExists()
	e.Object = r.object(Table)
	at := len(r.effects)
	r.add(e)
	switch {
	case r.accept("LIKE"):
		r.like(at)
	case r.peek().Text == "(" && r.ahead(1).Is("LIKE"):
		r.i += 2
		r.like(at)
		r.op(")")
	case r.peek().Text == "(" && !isQueryStart(r.ahead(1)):
		r.tableElements(e.Object, r.group())
	}
	r.keyColumns(at)
	r.createTail(at)
}

func isQueryStart(tok sqltext.Token) bool {
	return tok.Is("SELECT") || tok.Is("WITH") || tok.Is("VALUES") || tok.Text == "("
}

func (r *mysqlReader) like(at int) {
	like := r.object(Table)
	r.effects[at].References, r.effects[at].Option = &like, "like"
}

// tableElements reads the columns, keys and constraints in parentheses.
func (r *mysqlReader) tableElements(table Object, tokens []sqltext.Token) {
	inner := &mysqlReader{cursor: cursor{sql: r.sql, tokens: tokens}}
	for !inner.done() {
		inner.tableElement(table, CreateTable)
		if !inner.done() && !inner.op(",") {
			inner.fail("a comma is expected")
		}
	}
	for _, e := range inner.effects {
		if e.Action == AddColumn {
			r.effects[len(r.effects)-1].Columns = append(r.effects[len(r.effects)-1].Columns, e.Object.Name)
		}
	}
	r.effects = append(r.effects, inner.effects...)
	if inner.failed != "" {
		r.fail(inner.failed)
	}
}

func (r *mysqlReader) tableElement(table Object, part Action) {
	switch {
	case r.accept("PERIOD", "FOR"):
		r.name()
		r.group()
	case r.peek().Kind != sqltext.QuotedIdent && r.tableConstraint(table, part):
	default:
		r.column(Effect{Action: AddColumn, Object: ofTable(table, Column, r.name()), Part: part}, part)
	}
}

// keyColumns makes the columns of a primary key not null.
func (r *mysqlReader) keyColumns(at int) {
	var keys []string
	for _, e := range r.effects[at:] {
		if e.ConstraintType == PrimaryKey {
			keys = append(keys, e.Columns...)
		}
	}
	for i := at; i < len(r.effects); i++ {
		e := &r.effects[i]
		if e.Action == AddColumn && slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, e.Object.Name) }) {
			e.NotNull = true
		}
	}
}

// createTail takes the options, partitions and query behind the columns.
func (r *mysqlReader) createTail(at int) {
	for !r.done() {
		switch {
		case r.at("PARTITION", "BY"):
			r.i = r.find("AS", "SELECT")
			r.effects[at].Value = "partitioned"
		case r.acceptAny("IGNORE", "REPLACE", "AS") != "":
		case r.accept("WITH", "SYSTEM", "VERSIONING"):
		case r.at("SELECT"), r.at("WITH"), r.at("VALUES"), r.at("TABLE"), r.peek().Text == "(":
			r.effects[at].Option = "as"
			r.rest()
		case r.op(","):
		default:
			option, value, ok := r.tableOption(&r.effects[at])
			if !ok {
				r.fail("a table option is expected")
			}
			if option == "engine" {
				r.effects[at].Method = strings.ToLower(value)
			}
		}
	}
}

// tableOption takes one option of a table: its name in lower case, and what to.
func (r *mysqlReader) tableOption(e *Effect) (option, value string, ok bool) {
	r.accept("DEFAULT")
	switch {
	case r.charset(e):
		if e.Charset != "" {
			return "charset", e.Charset, true
		}
		return "collate", e.Collation, true
	case r.accept("WITH", "SYSTEM", "VERSIONING"):
		return "system versioning", "", true
	case r.accept("START", "TRANSACTION"):
		return "start transaction", "", true
	case r.accept("TABLESPACE"):
		r.op("=")
		value = r.name()
		if r.accept("STORAGE") {
			r.next()
		}
		return "tablespace", value, true
	}
	words := 1
	if r.at("DATA", "DIRECTORY") || r.at("INDEX", "DIRECTORY") {
		words = 2
	}
	named := slices.Contains(mysqlTableOptions, strings.ToLower(r.peek().Text))
	if !isName(r.peek()) || !named && r.ahead(words).Text != "=" {
		return "", "", false
	}
	option = strings.ToLower(source(r.sql, r.tokens[r.i:min(r.i+words, len(r.tokens))]))
	r.i += words
	r.op("=")
	return option, r.optionValue(), true
}

// optionValue takes a word, number, string or list in parentheses.
func (r *mysqlReader) optionValue() string {
	if r.peek().Text == "(" {
		return source(r.sql, r.group())
	}
	if r.peek().Text == "-" {
		r.next()
	}
	tok := r.next()
	if tok.Kind == sqltext.String {
		return stringText(tok.Text)
	}
	return identifier(sqltext.MySQL, tok)
}

// mysqlTableOptions are the options that may stand without an equals sign (MySQL
// Reference Manual, CREATE TABLE; MariaDB's CREATE TABLE).
var mysqlTableOptions = strings.Fields(`
	engine type auto_increment avg_row_length checksum table_checksum comment compression connection data index
	delay_key_write encryption insert_method key_block_size max_rows min_rows pack_keys password row_format
	stats_auto_recalc stats_persistent stats_sample_pages union storage autoextend_size engine_attribute
	secondary_engine_attribute secondary_engine page_checksum transactional page_compressed page_compression_level
	encrypted encryption_key_id sequence raid_type ietf_quotes`)
