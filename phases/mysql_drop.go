package phases

import (
	"strings"
)

// drop reads what stands behind DROP.
func (r *mysqlReader) drop() {
	for r.acceptAny("ONLINE", "OFFLINE") != "" {
	}
	e := Effect{Temporary: r.accept("TEMPORARY")}
	switch {
	case r.accept("PREPARE"):
		r.rest()
		return
	case r.acceptAny("TABLE", "TABLES") != "":
		e.Action = DropTable
		r.dropList(e, Table)
		return
	case r.accept("INDEX"):
		r.dropIndex(e)
		return
	}
	kind, ok := r.kind()
	if !ok {
		r.fail("the kind of object to drop is not known")
		return
	}
	e.Action = dropAction(kind)
	switch kind {
	case View, Sequence:
		r.dropList(e, kind)
	case Role:
		e.IfExists = r.ifExists()
		e.Object = Object{Kind: Role, Name: r.account()}
		r.add(e)
		r.rest()
	default:
		e.IfExists = r.ifExists()
		e.Object = r.object(kind)
		r.add(e)
		r.rest()
	}
}

func (r *mysqlReader) dropList(e Effect, kind Kind) {
	e.IfExists = r.ifExists()
	at := len(r.effects)
	for {
		e.Object = r.object(kind)
		r.add(e)
		if !r.op(",") {
			break
		}
	}
	r.wait()
	if r.accept("CASCADE") {
		for i := at; i < len(r.effects); i++ {
			r.effects[i].Cascade = true
		}
	}
	r.accept("RESTRICT")
	r.end()
}

func (r *mysqlReader) dropIndex(e Effect) {
	e.Action, e.InTable, e.IfExists = DropIndex, true, r.ifExists()
	name := r.name()
	if !r.accept("ON") {
		r.fail("ON is expected")
		return
	}
	e.Object = ofTable(r.object(Table), Index, name)
	r.add(e)
	r.wait()
	for r.at("ALGORITHM") || r.at("LOCK") {
		algorithm := r.next().Is("ALGORITHM")
		r.op("=")
		if value := strings.ToLower(r.name()); algorithm {
			r.algorithm = value
		} else {
			r.lock = value
		}
	}
	r.end()
}

// end refuses what is left over.
func (r *mysqlReader) end() {
	if !r.done() {
		r.fail("the end of the statement is expected")
	}
}

// renameUsers reads the pairs of RENAME USER.
func (r *mysqlReader) renameUsers() {
	for {
		e := Effect{Action: RenameObject, Object: Object{Kind: Role, Name: r.account()}}
		if !r.accept("TO") {
			r.fail("TO is expected")
			return
		}
		e.NewName = r.account()
		r.add(e)
		if !r.op(",") {
			break
		}
	}
	r.end()
}

// rename reads RENAME TABLE and RENAME USER.
func (r *mysqlReader) rename() {
	if r.accept("USER") {
		r.renameUsers()
		return
	}
	if r.acceptAny("TABLE", "TABLES") == "" {
		r.fail("TABLE is expected")
		return
	}
	ifExists := r.ifExists()
	for {
		e := Effect{Action: RenameTable, Object: r.object(Table), IfExists: ifExists}
		r.wait()
		if !r.accept("TO") {
			r.fail("TO is expected")
			return
		}
		to := r.object(Table)
		e.NewName, e.NewSchema = to.Name, to.Schema
		r.add(e)
		if !r.op(",") {
			break
		}
	}
	r.end()
}
