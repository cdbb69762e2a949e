package sqltext

import "strings"

// mysqlBody follows a MySQL or MariaDB statement to the end of its compound
// body (MySQL Reference Manual, "Compound Statement Syntax"; MariaDB
// documentation, "Using Compound Statements Outside of Stored Programs").
//
// BEGIN, END and, as functions, IF and REPEAT are also names. They open and
// close a block only where a statement may start, so those places are followed.
type mysqlBody struct {
	phase    bodyPhase
	from     Pos    // of the first word
	program  string // PROCEDURE, FUNCTION, TRIGGER or EVENT
	parens   int
	blocks   []block
	start    startState
	label    bool // the previous token is a word where a statement may start
	previous Token
}

type bodyPhase int

const (
	bodyVerb   bodyPhase = iota // before the first word
	bodyPrefix                  // behind CREATE or ALTER
	bodyHeader                  // behind PROCEDURE, FUNCTION, TRIGGER or EVENT
	bodyInside                  // in a body
	bodyNone                    // a statement without a body
)

// startState says whether a statement of the body may start at a token.
type startState int

const (
	startNo     startState = iota
	startHere              // at this token only
	startSticky            // at this token or behind more of a header
)

// block is one open construct. Its keyword is caseExpression or repeatUntil where
// an END closes it that does not start a statement.
type block struct {
	keyword string
	pos     Pos
}

const (
	caseExpression = "CASE expression"
	repeatUntil    = "REPEAT UNTIL"
)

func newMySQLBody() body { return &mysqlBody{} }

func (b *mysqlBody) add(tok Token) *SyntaxError {
	if tok.Kind == Conditional || b.phase == bodyNone {
		return nil
	}
	start, label := b.start, b.label
	if start == startHere {
		b.start = startNo
	}
	b.label = false
	switch {
	case tok.Kind == Word:
		b.label = start != startNo
		b.word(tok, start)
	case tok.Text == ";":
		b.start = startHere
	case tok.Text == ":" && label:
		b.start = startHere
	case tok.Kind == Operator:
		b.parenthesis(tok.Text)
	case tok.Kind == QuotedIdent:
		b.label = start != startNo
	}
	b.previous = tok
	return nil
}

// parenthesis finds the end of a routine's parameters, where its body may start.
func (b *mysqlBody) parenthesis(text string) {
	switch text {
	case "(":
		b.parens++
	case ")":
		b.parens--
		if b.phase == bodyHeader && b.parens == 0 && (b.program == "PROCEDURE" || b.program == "FUNCTION") {
			b.phase, b.start = bodyInside, startSticky
		}
	}
}

func (b *mysqlBody) word(tok Token, start startState) {
	word := upper(tok.Text)
	switch b.phase {
	case bodyVerb:
		b.verb(word, tok)
	case bodyPrefix:
		b.prefix(word)
	case bodyHeader:
		b.header(word)
	case bodyInside:
		if b.previous.Text != "." {
			b.inside(word, tok, start)
		}
	}
}

// verb tells from the first word what may follow. BEGIN alone starts a
// transaction: MariaDB's compound statement is BEGIN NOT ATOMIC, of which
// ATOMIC opens the block.
func (b *mysqlBody) verb(word string, tok Token) {
	b.from = tok.Pos
	switch word {
	case "CREATE", "ALTER":
		b.phase = bodyPrefix
	case "BEGIN":
		b.phase, b.program = bodyPrefix, word
	case "IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR":
		b.phase = bodyInside
		b.inside(word, tok, startHere)
	default:
		b.phase = bodyNone
	}
}

// prefix passes over OR REPLACE, AGGREGATE and DEFINER = account.
func (b *mysqlBody) prefix(word string) {
	switch {
	case b.program == "BEGIN":
		b.notAtomic(word)
	case b.previous.Text == "=":
	case word == "OR", word == "REPLACE", word == "AGGREGATE", word == "DEFINER":
	case word == "PROCEDURE", word == "FUNCTION", word == "TRIGGER", word == "EVENT":
		b.phase, b.program = bodyHeader, word
	default:
		b.phase = bodyNone
	}
}

func (b *mysqlBody) notAtomic(word string) {
	switch {
	case word == "NOT" && b.previous.Is("BEGIN"):
	case word == "ATOMIC" && b.previous.Is("NOT"):
		b.phase, b.start = bodyInside, startHere
		b.blocks = append(b.blocks, block{"BEGIN", b.from})
	default:
		b.phase = bodyNone
	}
}

// header finds the end of a trigger's or an event's header.
func (b *mysqlBody) header(word string) {
	switch {
	case b.program == "TRIGGER" && word == "ROW" && b.previous.Is("EACH"):
		b.phase, b.start = bodyInside, startSticky
	case b.program == "EVENT" && word == "DO":
		b.phase, b.start = bodyInside, startHere
	}
}

// inside follows the blocks of a body.
func (b *mysqlBody) inside(word string, tok Token, start startState) {
	switch word {
	case "BEGIN", "IF", "LOOP", "REPEAT", "WHILE":
		if start != startNo {
			b.push(word, tok)
		}
	case "FOR":
		b.openFor(tok, start)
	case "CASE":
		b.openCase(tok, start)
	case "END":
		b.end(start)
	case "THEN", "ELSE":
		if top := b.top(); top == "IF" || top == "CASE" {
			b.start = startHere
		}
	case "DO":
		if top := b.top(); start == startNo && (top == "WHILE" || top == "FOR") {
			b.start = startHere
		}
	case "UNTIL":
		if start != startNo && b.top() == "REPEAT" {
			b.blocks[len(b.blocks)-1].keyword = repeatUntil
		}
	default:
		b.plain(word, start)
	}
}

// plain takes a word that neither opens nor closes a block.
func (b *mysqlBody) plain(word string, start startState) {
	switch {
	case word == "ATOMIC" && b.previous.Is("NOT") && b.top() == "BEGIN":
		b.start = startHere
	case start == startSticky && startsStatement(word) && !b.previous.Is("RETURNS"):
		b.start = startNo
	}
}

func (b *mysqlBody) push(word string, tok Token) {
	b.blocks = append(b.blocks, block{word, tok.Pos})
	b.start = startNo
	if word == "BEGIN" || word == "LOOP" || word == "REPEAT" {
		b.start = startHere
	}
}

// openFor tells MariaDB's loop from DECLARE ... HANDLER FOR, whose statement
// follows a list of conditions.
func (b *mysqlBody) openFor(tok Token, start startState) {
	switch {
	case b.previous.Is("HANDLER"):
		b.start = startSticky
	case start != startNo:
		b.push("FOR", tok)
	}
}

// openCase tells the statement, closed by END CASE, from the expression.
func (b *mysqlBody) openCase(tok Token, start startState) {
	if b.previous.Is("END") {
		return
	}
	keyword := caseExpression
	if start != startNo {
		keyword = "CASE"
	}
	b.blocks = append(b.blocks, block{keyword, tok.Pos})
	b.start = startNo
}

// end closes the innermost block, unless this END is a name.
func (b *mysqlBody) end(start startState) {
	top := b.top()
	if top == "" || b.previous.Is("AS") {
		return
	}
	if start != startNo || top == caseExpression || top == repeatUntil {
		b.blocks = b.blocks[:len(b.blocks)-1]
	}
}

func (b *mysqlBody) top() string {
	if len(b.blocks) == 0 {
		return ""
	}
	return b.blocks[len(b.blocks)-1].keyword
}

func (b *mysqlBody) open() *SyntaxError {
	if len(b.blocks) == 0 {
		return nil
	}
	top := b.blocks[len(b.blocks)-1]
	return &SyntaxError{Pos: top.pos, Msg: strings.Fields(top.keyword)[0] + " without its END",
		Hint: "close it; if it is closed, put the statement between DELIMITER // and DELIMITER ;"}
}

// startsStatement reports whether a word starts a simple statement, which ends
// a header. IF and REPEAT behind it are functions.
func startsStatement(word string) bool {
	switch word {
	case "RETURN", "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "SET", "CALL", "WITH", "VALUES", "DO",
		"TRUNCATE", "DROP", "CREATE", "ALTER", "RENAME", "SIGNAL", "RESIGNAL", "GET", "PREPARE", "EXECUTE",
		"DEALLOCATE", "OPEN", "FETCH", "CLOSE", "LEAVE", "ITERATE", "COMMIT", "ROLLBACK", "START", "GRANT",
		"REVOKE", "ANALYZE", "OPTIMIZE", "LOAD", "KILL", "FLUSH", "LOCK", "EXPLAIN", "TABLE":
		return true
	}
	return false
}
