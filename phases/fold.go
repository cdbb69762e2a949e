package phases

import "slices"

// Fold goes through the effects of a change, statement by statement in the order
// in which they run, and calls visit with each effect and what the change did
// before it. The history is good until visit returns.
func Fold(statements [][]Effect, visit func(statement int, e Effect, before *History)) {
	h := &History{objects: map[Object]objectHistory{}}
	for i, effects := range statements {
		for _, e := range effects {
			visit(i, e, h)
			h.add(e)
		}
	}
}

// History is what a change did so far. Objects are matched by the names that the
// statements write: t and public.t are two. What a body does in a branch of its
// own (Effect.Conditional) is left out, for it may not have happened.
type History struct {
	objects map[Object]objectHistory
}

// objectHistory is what a change did to one object.
type objectHistory struct {
	created, dropped bool
	last             *Effect  // that made it, or defined it anew
	setDefault       *Effect  // the default that the change gave it, while it has it
	columns          []string // of a view, as last known
	proof            bool     // of a column: a valid constraint of the change says not null
	pending          *Effect  // of a constraint: NOT VALID so far
}

// key is the name by which an effect's object is remembered: an index of
// PostgreSQL without its table, which DROP INDEX does not write.
func key(e Effect) Object {
	if e.Object.Kind == Index {
		o := e.Catalogued()
		if e.InTable {
			o = e.Object
		}
		return o
	}
	return e.Object
}

// Created reports whether the change made the object before, and has not dropped
// it: the object itself, or the table that it belongs to. One made IF NOT EXISTS
// counts, though it may be older than the change.
func (h *History) Created(o Object) bool {
	table := o.OfTable()
	return h.known(o).created || table != o && h.objects[table].created
}

// CreatedBy is the effect that made the object in this change, or defined it anew.
func (h *History) CreatedBy(o Object) (Effect, bool) {
	if last := h.known(o).last; last != nil {
		return *last, true
	}
	return Effect{}, false
}

// Dropped reports whether the change dropped the object before, and has not made it again.
func (h *History) Dropped(o Object) bool { return h.known(o).dropped }

// known finds an index of PostgreSQL with its table written or not.
func (h *History) known(o Object) objectHistory {
	if known, ok := h.objects[o]; ok || o.Kind != Index {
		return known
	}
	return h.objects[Object{Kind: Index, Schema: o.Schema, Name: o.Name}]
}

// Default is the effect by which the change gave a column its default, if it did
// and the column still has it. A DropDefault of such a one leaves old code, which
// never wrote the column, with nothing to insert.
func (h *History) Default(column Object) (Effect, bool) {
	if e := h.objects[column].setDefault; e != nil {
		return *e, true
	}
	return Effect{}, false
}

// ProvenNotNull reports whether a constraint that the change added, and that is
// valid, keeps NULL out of the column.
func (h *History) ProvenNotNull(column Object) bool { return h.objects[column].proof }

// LostColumns are the columns that the change knows a view to have and that a
// view made anew does not show; nil where either side is not known.
func (h *History) LostColumns(e Effect) []string {
	if e.Action != ReplaceView && e.Action != CreateView || e.Columns == nil {
		return nil
	}
	var lost []string
	for _, column := range h.objects[e.Object].columns {
		if !slices.Contains(e.Columns, column) {
			lost = append(lost, column)
		}
	}
	return lost
}

func (h *History) add(e Effect) {
	if e.Conditional {
		return
	}
	h.addProof(e)
	h.addObject(e)
	h.addColumn(e)
}

// update changes what is known of one object.
func (h *History) update(o Object, change func(*objectHistory)) {
	known := h.objects[o]
	change(&known)
	h.objects[o] = known
}

func (h *History) addObject(e Effect) {
	o := key(e)
	switch {
	case e.Creates():
		h.update(o, func(known *objectHistory) {
			known.created, known.dropped, known.last = known.created || e.Action != ReplaceView, false, &e
			if o.Kind == View || o.Kind == MaterializedView {
				known.columns = e.Columns
			}
		})
	case e.Drops():
		h.objects[o] = objectHistory{dropped: true, columns: h.objects[o].columns}
	case e.Action == RenameTable, e.Action == RenameObject, e.Action == RenameIndex, e.Action == RenameColumn, e.Action == SetSchema:
		h.move(e, o)
	}
}

// move gives what is known of an object to its new name.
func (h *History) move(e Effect, o Object) {
	to := o
	if e.Action == SetSchema {
		to.Schema = e.NewSchema
	} else {
		to.Name = e.NewName
		if o.Table == "" {
			to.Schema = e.NewSchema
		}
	}
	h.objects[to] = h.objects[o]
	h.objects[o] = objectHistory{dropped: true}
}

func (h *History) addColumn(e Effect) {
	switch e.Action {
	case AddColumn, SetDefault, AddIdentity, AlterColumnType:
		if e.Action == AlterColumnType && !e.Restated {
			return
		}
		h.update(e.Object, func(known *objectHistory) {
			known.setDefault = nil
			if e.HasDefault {
				known.setDefault = &e
			}
		})
	case DropDefault, DropIdentity:
		h.update(e.Object, func(known *objectHistory) { known.setDefault = nil })
	}
}

// addProof follows the constraints that keep NULL out, from ADD to VALIDATE.
func (h *History) addProof(e Effect) {
	switch e.Action {
	case AddConstraint:
		if e.NotValid && !e.NotEnforced {
			h.update(e.Object, func(known *objectHistory) { known.pending = &e })
		} else if !e.NotEnforced {
			h.prove(e, true)
		}
	case ValidateConstraint:
		if pending := h.objects[e.Object].pending; pending != nil {
			h.prove(*pending, true)
		}
	case DropConstraint:
		if last := h.objects[e.Object].last; last != nil {
			h.prove(*last, false)
		}
	}
}

func (h *History) prove(e Effect, proven bool) {
	columns := e.Proves
	if e.ConstraintType == PrimaryKey || e.ConstraintType == NotNullConstraint {
		columns = e.Columns
	}
	for _, name := range columns {
		column := Object{Kind: Column, Schema: e.Object.Schema, Table: e.Object.Table, Name: name, TableKind: e.Object.TableKind}
		h.update(column, func(known *objectHistory) { known.proof = proven })
	}
}
