package sqltext

// postgresBody follows a PostgreSQL statement: its parentheses, the body of an
// SQL-standard function, and COPY.
type postgresBody struct {
	parens   []Pos
	blocks   []Pos // BEGIN ATOMIC, and the CASE expressions in it
	words    int   // seen, up to where they tell what the statement is
	verb     string
	routine  bool
	previous Token
}

func newPostgresBody() body { return &postgresBody{} }

func (b *postgresBody) add(tok Token) *SyntaxError {
	var err *SyntaxError
	switch tok.Kind {
	case Operator:
		b.parenthesis(tok)
	case Word:
		err = b.word(tok)
	}
	b.previous = tok
	return err
}

func (b *postgresBody) parenthesis(tok Token) {
	switch {
	case tok.Text == "(":
		b.parens = append(b.parens, tok.Pos)
	case tok.Text == ")" && len(b.parens) > 0:
		b.parens = b.parens[:len(b.parens)-1]
	}
}

func (b *postgresBody) word(tok Token) *SyntaxError {
	b.words++
	switch {
	case b.words == 1:
		b.verb = upper(tok.Text)
		if b.verb == "DELIMITER" {
			return &SyntaxError{Pos: tok.Pos, Msg: "DELIMITER, a command of the mysql client",
				Hint: "remove it: a body in $$ ... $$ needs no other delimiter"}
		}
	case b.verb == "COPY":
		return b.copyWord(tok)
	case b.verb == "CREATE":
		b.createWord(tok)
	}
	return nil
}

// copyWord refuses COPY FROM STDIN as soon as it shows: its data follows and is
// not SQL. The grammar takes STDOUT for STDIN.
func (b *postgresBody) copyWord(tok Token) *SyntaxError {
	if len(b.parens) > 0 || !b.previous.Is("FROM") || !tok.Is("STDIN") && !tok.Is("STDOUT") {
		return nil
	}
	return &SyntaxError{Pos: tok.Pos, Msg: "COPY FROM STDIN, whose data only a client can send",
		Hint: "write INSERT statements, or COPY from a file on the server"}
}

// createWord follows BEGIN ATOMIC ... END (PostgreSQL manual, CREATE FUNCTION,
// sql_body). CASE and END are reserved, but may stand behind a point or AS.
func (b *postgresBody) createWord(tok Token) {
	if b.words <= 4 && (tok.Is("FUNCTION") || tok.Is("PROCEDURE")) {
		b.routine = true
	}
	if !b.routine {
		return
	}
	named := b.previous.Text == "." || b.previous.Is("AS")
	switch {
	case tok.Is("ATOMIC") && b.previous.Is("BEGIN") && len(b.blocks) == 0:
		b.blocks = append(b.blocks, b.previous.Pos)
	case len(b.blocks) == 0 || named:
	case tok.Is("CASE"):
		b.blocks = append(b.blocks, tok.Pos)
	case tok.Is("END"):
		b.blocks = b.blocks[:len(b.blocks)-1]
	}
}

func (b *postgresBody) open() *SyntaxError {
	switch {
	case len(b.parens) > 0:
		return &SyntaxError{Pos: b.parens[len(b.parens)-1], Msg: "parenthesis is never closed"}
	case len(b.blocks) > 0:
		return &SyntaxError{Pos: b.blocks[0], Msg: "BEGIN ATOMIC without its END"}
	}
	return nil
}
