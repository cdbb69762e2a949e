package phases

// createTrigger reads a trigger: Method is before or after, Option what it fires for.
func (r *mysqlReader) createTrigger(e Effect) {
	e.Action, e.Object = CreateTrigger, r.object(Trigger)
	e.Method = r.acceptAny("BEFORE", "AFTER")
	e.Option = r.acceptAny("INSERT", "UPDATE", "DELETE")
	if e.Method == "" || e.Option == "" || !r.accept("ON") {
		r.fail("a trigger's event is expected")
		return
	}
	table := r.object(Table)
	e.Object.Table = table.Name
	if e.Object.Schema == "" {
		e.Object.Schema = table.Schema
	}
	if !r.accept("FOR", "EACH", "ROW") {
		r.fail("FOR EACH ROW is expected")
		return
	}
	if r.acceptAny("FOLLOWS", "PRECEDES") != "" {
		r.name()
	}
	e.Body = compoundEffects(r.sql, r.rest())
	r.add(e)
}

func (r *mysqlReader) createRoutine(e Effect, kind Kind) {
	e.Action, e.Object = CreateFunction, r.object(kind)
	if kind == Function && r.accept("RETURNS") { // a loadable function, in a library
		r.rest()
		r.add(e)
		return
	}
	e.Arguments = r.arguments()
	if r.accept("RETURNS") {
		e.TypeName = r.columnType(&e)
	}
	r.characteristics()
	e.Body = compoundEffects(r.sql, r.rest())
	r.add(e)
}

// arguments are the types of a routine's parameters.
func (r *mysqlReader) arguments() []string {
	types := []string{}
	for _, parameter := range splitCommas(r.group()) {
		inner := &mysqlReader{cursor: cursor{sql: r.sql, tokens: parameter}}
		mode := inner.acceptAny("IN", "OUT", "INOUT")
		inner.name()
		if text := inner.columnType(&Effect{}); mode != "out" {
			types = append(types, text)
		}
	}
	return types
}

// characteristics takes what stands between a routine's header and its body.
func (r *mysqlReader) characteristics() {
	for {
		switch {
		case r.accept("COMMENT"):
			r.next()
		case r.accept("LANGUAGE"), r.accept("SQL", "SECURITY"):
			r.next()
		case r.accept("NOT", "DETERMINISTIC"), r.accept("DETERMINISTIC"), r.accept("CONTAINS", "SQL"), r.accept("NO", "SQL"),
			r.accept("READS", "SQL", "DATA"), r.accept("MODIFIES", "SQL", "DATA"):
		default:
			return
		}
	}
}

func (r *mysqlReader) createEvent(e Effect) {
	e.Action, e.Object = CreateObject, r.object(Event)
	r.i = min(r.find("DO")+1, len(r.tokens))
	e.Body = compoundEffects(r.sql, r.rest())
	r.add(e)
}
