package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// plpgsqlEffects reads the SQL statements in a PL/pgSQL text, whatever the
// branches and loops around them (PostgreSQL manual, "PL/pgSQL").
func plpgsqlEffects(code string) []Effect {
	tokens, err := significant(sqltext.Postgres, code)
	if err != nil {
		return []Effect{unknown(err.Error())}
	}
	p := &plpgsql{code: code, tokens: tokens}
	for p.i < len(p.tokens) {
		p.statement()
	}
	return p.effects
}

// plpgsql stands at the start of a statement between calls of statement.
type plpgsql struct {
	code      string
	tokens    []sqltext.Token
	i         int
	declaring bool
	effects   []Effect
}

// statement reads up to where the next statement starts.
func (p *plpgsql) statement() {
	tok := p.tokens[p.i]
	if p.declaring && !tok.Is("BEGIN") {
		p.i = p.end() + 1
		return
	}
	if tok.Text == "<<" {
		p.i = min(p.i+3, len(p.tokens)) // a label
		return
	}
	p.declaring = tok.Is("DECLARE")
	word := ""
	if tok.Kind == sqltext.Word {
		word = strings.ToUpper(tok.Text)
	}
	switch word {
	case "DECLARE", "BEGIN", "ELSE", "LOOP", "EXCEPTION":
		p.i++
	case "IF", "ELSIF", "ELSEIF", "WHEN":
		p.i = p.find("THEN") + 1
	case "CASE":
		p.i++
		p.i = p.find("WHEN")
	case "WHILE":
		p.i = p.find("LOOP") + 1
	case "FOR", "FOREACH":
		p.loop()
	default:
		p.simple(word)
	}
}

// find is the index of the next such word that is not inside parentheses, a CASE
// expression or a later statement.
func (p *plpgsql) find(word string) int {
	depth := 0
	for i := p.i; i < len(p.tokens); i++ {
		switch tok := p.tokens[i]; {
		case tok.Text == "(" || tok.Is("CASE") && i > p.i:
			depth++
		case tok.Text == ")" || tok.Is("END"):
			depth--
		case tok.Kind == sqltext.Semicolon:
			return i
		case depth <= 0 && tok.Is(word):
			return i
		}
	}
	return len(p.tokens)
}

// end is the index of the semicolon that ends the statement.
func (p *plpgsql) end() int {
	for i := p.i; i < len(p.tokens); i++ {
		if p.tokens[i].Kind == sqltext.Semicolon {
			return i
		}
	}
	return len(p.tokens)
}

// loop reads the head of a FOR: its query may write.
func (p *plpgsql) loop() {
	start, end := p.i, p.find("LOOP")
	for i := start; i < end; i++ {
		if p.tokens[i].Is("IN") {
			p.query(p.tokens[i+1 : end])
			break
		}
	}
	p.i = end + 1
}

// query reads a query whose rows are used, which may be made at run time.
func (p *plpgsql) query(tokens []sqltext.Token) {
	switch {
	case wordsAt(tokens, 0, "EXECUTE"):
		p.dynamic(tokens[1:])
	case wordsAt(tokens, 0, "SELECT"), wordsAt(tokens, 0, "WITH"), wordsAt(tokens, 0, "INSERT"),
		wordsAt(tokens, 0, "UPDATE"), wordsAt(tokens, 0, "DELETE"), wordsAt(tokens, 0, "MERGE"):
		p.sql(tokens)
	}
}

// simple reads a statement that ends with a semicolon.
func (p *plpgsql) simple(word string) {
	start, end := p.i, p.end()
	p.i = end + 1
	tokens := p.tokens[start:end]
	if len(tokens) > 1 && (tokens[1].Text == ":=" || tokens[1].Text == "=") {
		return
	}
	switch word {
	case "EXECUTE":
		p.dynamic(tokens[1:])
	case "PERFORM":
		p.effects = append(p.effects, postgresEffects("SELECT "+source(p.code, tokens[1:]))...)
	case "RETURN":
		if wordsAt(tokens, 1, "QUERY") {
			p.query(tokens[2:])
		}
	case "OPEN":
		for i := range tokens {
			if wordsAt(tokens, i, "FOR") {
				p.query(tokens[i+1:])
				return
			}
		}
	default:
		if startsSQL(word) {
			p.sql(tokens)
		}
	}
}

// startsSQL reports whether a statement that starts with the word is one of SQL
// rather than of PL/pgSQL.
func startsSQL(word string) bool {
	switch word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TRUNCATE", "CREATE", "ALTER", "DROP",
		"GRANT", "REVOKE", "COMMENT", "LOCK", "REFRESH", "SET", "RESET", "REINDEX", "ANALYZE", "ANALYSE", "CLUSTER", "COPY",
		"CALL", "DO", "IMPORT", "SECURITY", "REASSIGN", "EXPLAIN":
		return true
	}
	return false
}

func (p *plpgsql) sql(tokens []sqltext.Token) {
	p.effects = append(p.effects, postgresEffects(p.withoutInto(tokens))...)
}

// withoutInto is a statement's text without the INTO that names variables.
func (p *plpgsql) withoutInto(tokens []sqltext.Token) string {
	depth := 0
	for i, tok := range tokens {
		switch {
		case tok.Text == "(":
			depth++
		case tok.Text == ")":
			depth--
		case depth == 0 && tok.Is("INTO") && i > 0 && !tokens[i-1].Is("INSERT") && !tokens[i-1].Is("MERGE"):
			return source(p.code, tokens[:i]) + " " + source(p.code, tokens[behindTargets(tokens, i+1):])
		case depth == 0 && (tok.Is("CREATE") || tok.Is("IMPORT")):
			return source(p.code, tokens)
		}
	}
	return source(p.code, tokens)
}

// behindTargets is the index behind a list of variables.
func behindTargets(tokens []sqltext.Token, i int) int {
	if wordsAt(tokens, i, "STRICT") {
		i++
	}
	for i < len(tokens) {
		i++
		for i+1 < len(tokens) && tokens[i].Text == "." {
			i += 2
		}
		for i < len(tokens) && tokens[i].Text == "[" {
			for i < len(tokens) && tokens[i].Text != "]" {
				i++
			}
			i++
		}
		if i >= len(tokens) || tokens[i].Text != "," {
			return min(i, len(tokens))
		}
		i++
	}
	return len(tokens)
}

// dynamic reads EXECUTE: of constants it is a statement, else unknown.
func (p *plpgsql) dynamic(tokens []sqltext.Token) {
	var text strings.Builder
	for i, tok := range tokens {
		switch {
		case i%2 == 0 && tok.Kind == sqltext.String:
			text.WriteString(stringText(tok.Text))
		case tok.Is("INTO") && i > 0, tok.Is("USING") && i > 0:
			p.effects = append(p.effects, sqlEffects(text.String())...)
			return
		case i%2 == 0 || tok.Text != "||":
			p.effects = append(p.effects, unknown("EXECUTE of a text made at run time"))
			return
		}
	}
	p.effects = append(p.effects, sqlEffects(text.String())...)
}
