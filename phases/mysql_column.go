package phases

import (
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// column reads a column's definition behind its name into e, whose Object is the
// column, adds it, and then the constraints and indexes written with it as parts.
// It stops at what cannot be part of one: a comma, or a parenthesis that closes.
func (r *mysqlReader) column(e Effect, part Action) {
	e.TypeName = r.columnType(&e)
	var parts []Effect
	for !r.done() && r.peek().Text != "," && r.peek().Text != ")" {
		more, ok := r.columnAttribute(&e)
		if !ok {
			r.fail("a column attribute is expected")
			break
		}
		parts = append(parts, more...)
	}
	if e.TypeName == "serial" {
		e.Identity, e.NotNull, e.HasDefault, e.DefaultVolatile = true, true, true, true
		parts = append(parts, r.columnKey(e))
	}
	r.add(e)
	for _, p := range parts {
		p.Part = part
		r.add(p)
	}
}

// columnType takes a type with its length and modifiers.
func (r *mysqlReader) columnType(e *Effect) string {
	if r.at("GENERATED") || r.at("AS") {
		return "" // MariaDB, and MySQL's own dumps, may leave it out
	}
	start := r.i
	first := strings.ToUpper(r.name())
	switch first {
	case "DOUBLE":
		r.accept("PRECISION")
	case "NATIONAL", "CHARACTER", "CHAR", "NCHAR":
		r.acceptAny("CHARACTER", "CHAR", "VARCHAR", "VARCHARACTER")
		r.accept("VARYING")
	case "LONG":
		r.acceptAny("VARCHAR", "VARBINARY")
	}
	if r.peek().Text == "(" {
		r.group()
	}
	for r.acceptAny("UNSIGNED", "SIGNED", "ZEROFILL", "BINARY", "BYTE", "ASCII", "UNICODE") != "" {
	}
	text := typeText(r.tokens[start:min(r.i, len(r.tokens))])
	r.charset(e)
	return text
}

// typeText writes a type's tokens, words in lower case.
func typeText(tokens []sqltext.Token) string {
	var text strings.Builder
	for i, tok := range tokens {
		if i > 0 && tok.Kind == sqltext.Word && tokens[i-1].Text != "(" && tokens[i-1].Text != "," {
			text.WriteByte(' ')
		}
		if tok.Kind == sqltext.Word {
			text.WriteString(strings.ToLower(tok.Text))
		} else {
			text.WriteString(tok.Text)
		}
	}
	return text.String()
}

// charset takes CHARACTER SET and COLLATE.
func (r *mysqlReader) charset(e *Effect) bool {
	taken := false
	for {
		switch {
		case r.accept("CHARACTER", "SET"), r.accept("CHARSET"), r.accept("CHAR", "SET"):
			r.op("=")
			e.Charset = strings.ToLower(r.name())
		case r.accept("COLLATE"):
			r.op("=")
			e.Collation = strings.ToLower(r.name())
		case taken && r.accept("BINARY"):
		default:
			return taken
		}
		taken = true
	}
}

// columnAttribute takes one attribute, and returns the constraint or index that it makes.
func (r *mysqlReader) columnAttribute(e *Effect) ([]Effect, bool) {
	switch {
	case r.accept("NOT", "NULL"):
		e.NotNull = true
	case r.accept("NULL"):
	case r.accept("DEFAULT"):
		r.defaultValue(e)
	case r.accept("AUTO_INCREMENT"):
		e.Identity, e.HasDefault, e.DefaultVolatile, e.NotNull = true, true, true, true
	case r.accept("SERIAL", "DEFAULT", "VALUE"):
		e.Identity, e.HasDefault, e.DefaultVolatile, e.NotNull = true, true, true, true
		return []Effect{r.columnKey(*e)}, true
	case r.accept("UNIQUE"):
		r.acceptAny("KEY", "INDEX")
		return []Effect{r.columnKey(*e)}, true
	case r.accept("PRIMARY"), r.at("KEY"):
		r.accept("KEY")
		e.NotNull = true
		return []Effect{primaryKey(e.Object, []string{e.Object.Name})}, true
	case r.at("GENERATED"), r.at("AS"):
		return nil, r.generated(e)
	case r.at("CONSTRAINT"), r.at("CHECK"), r.at("REFERENCES"):
		return r.columnConstraint(e.Object), true
	case r.charset(e):
	default:
		return nil, r.columnOption(e)
	}
	return nil, true
}

// columnOption takes an attribute that makes no difference to which values fit.
func (r *mysqlReader) columnOption(e *Effect) bool {
	switch {
	case r.accept("ON", "UPDATE"):
		r.name()
		if r.peek().Text == "(" {
			r.group()
		}
		e.Option = "on update current_timestamp"
	case r.accept("COMMENT"):
		r.op("=")
		r.next()
	case r.accept("FIRST"):
		e.FirstOrAfter = "first"
	case r.accept("AFTER"):
		e.FirstOrAfter = "after " + r.name()
	case r.accept("INVISIBLE"):
		e.Invisible = true
	case r.acceptAny("COLUMN_FORMAT", "STORAGE", "SRID", "REF_SYSTEM_ID", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE") != "":
		r.op("=")
		r.next()
	case r.accept("COMPRESSED"):
		if r.op("=") {
			r.next()
		}
	case r.accept("VISIBLE"), r.accept("WITH", "SYSTEM", "VERSIONING"), r.accept("WITHOUT", "SYSTEM", "VERSIONING"),
		r.accept("NOT", "SECONDARY"), r.accept("BINARY"):
	case isName(r.peek()) && r.ahead(1).Text == "=": // a storage engine's own, MariaDB
		r.i += 3
	default:
		return false
	}
	return true
}

// generated takes [GENERATED ALWAYS] AS (...), and MariaDB's AS ROW START.
func (r *mysqlReader) generated(e *Effect) bool {
	r.accept("GENERATED")
	r.accept("ALWAYS")
	if !r.accept("AS") {
		return false
	}
	if r.accept("ROW") {
		return r.acceptAny("START", "END") != ""
	}
	e.Expression, e.Generated = source(r.sql, r.group()), Virtual
	switch {
	case r.accept("STORED"), r.accept("PERSISTENT"):
		e.Generated = Stored
	default:
		r.accept("VIRTUAL")
	}
	return true
}

// defaultValue takes what stands behind DEFAULT.
func (r *mysqlReader) defaultValue(e *Effect) {
	start := r.i
	r.operand()
	tokens := r.tokens[start:min(r.i, len(r.tokens))]
	e.Default = source(r.sql, tokens)
	e.HasDefault = !(len(tokens) == 1 && tokens[0].Is("NULL"))
	e.DefaultVolatile = mysqlVolatile(tokens)
	e.DefaultExpression = isExpression(tokens)
}

// operand takes a literal, a function call or what is in parentheses.
func (r *mysqlReader) operand() {
	switch {
	case r.peek().Text == "(":
		r.group()
	case r.accept("NEXT", "VALUE", "FOR"):
		r.object(Sequence)
	default:
		for r.peek().Text == "-" || r.peek().Text == "+" {
			r.next()
		}
		word := r.next()
		if word.Kind == sqltext.Word && r.peek().Kind == sqltext.String && strings.HasPrefix(word.Text, "_") {
			r.next() // a character set's introducer
		}
		for r.peek().Kind == sqltext.String && word.Kind == sqltext.String {
			r.next()
		}
		for word.Kind != sqltext.String && r.op(".") {
			r.next()
		}
		if word.Kind == sqltext.Word && r.peek().Text == "(" {
			r.group()
		}
	}
}

// isExpression reports whether a default is more than a literal or the current time.
func isExpression(tokens []sqltext.Token) bool {
	if len(tokens) == 0 || tokens[0].Text == "(" {
		return len(tokens) > 0
	}
	for i, tok := range tokens {
		word := strings.ToLower(tok.Text)
		call := i+1 < len(tokens) && tokens[i+1].Text == "("
		if call && !slices.Contains(currentTime, word) || tok.Is("NEXT") {
			return true
		}
	}
	return false
}

var currentTime = []string{"current_timestamp", "now", "localtime", "localtimestamp", "current_date", "curdate", "current_time", "curtime"}

// mysqlVolatile reports whether tokens call a function that may differ from row to
// row, or one not known not to.
func mysqlVolatile(tokens []sqltext.Token) bool {
	for i, tok := range tokens {
		if tok.Is("NEXT") {
			return true
		}
		if tok.Kind != sqltext.Word || i+1 >= len(tokens) || tokens[i+1].Text != "(" {
			continue
		}
		word := strings.ToLower(tok.Text)
		if !slices.Contains(currentTime, word) && !slices.Contains(steadyFunctions, word) && !slices.Contains(mysqlSteady, word) {
			return true
		}
	}
	return false
}

var mysqlSteady = strings.Fields(`
	json_array json_object json_quote json_extract json_unquote json_value json_compact cast convert binary char hex unhex
	if ifnull nullif coalesce isnull greatest least curdate utc_timestamp utc_date unix_timestamp from_unixtime
	date_add date_sub date_format year month day hour minute second str_to_date adddate last_day
	ucase lcase concat_ws substring_index mid instr sha1 sha sha2 crc32 md5 space lpad uuid_to_bin bin_to_uuid inet_aton
	inet_ntoa inet6_aton point st_geomfromtext st_pointfromtext st_srid user database version in and or not values
	decimal varchar signed unsigned vec_fromtext string_to_vector bit_count truncate conv`)
