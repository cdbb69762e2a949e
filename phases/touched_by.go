package phases

import "slices"

// TouchedBy are the objects whose definition in the catalogue the effects change,
// each once, in order: what to look at to tell whether a statement took effect.
// Columns, constraints, partitions and MySQL's indexes are in their table's
// definition; a PostgreSQL index, a trigger, a policy and a rule stand for
// themselves. A rename, a move and an attached partition name both sides. Rows,
// settings and Unknown effects name nothing.
func TouchedBy(effects []Effect) []Object {
	var touched []Object
	for _, e := range effects {
		for _, o := range e.touches() {
			if !slices.Contains(touched, o) {
				touched = append(touched, o)
			}
		}
	}
	return touched
}

func (e Effect) touches() []Object {
	if e.Action == Unknown || !e.ChangesSchema() && e.Action != TruncateTable {
		return nil
	}
	if e.Action == TruncateTable {
		return nil
	}
	o := e.catalogued()
	if e.NewName == "" && e.NewSchema == "" || o != e.Object {
		return []Object{o}
	}
	return []Object{o, e.renamed()}
}

// catalogued is the object whose definition holds the effect's.
func (e Effect) catalogued() Object {
	switch e.Object.Kind {
	case Column, Constraint, Partition:
		return e.Object.OfTable()
	case Index:
		if e.InTable {
			return e.Object.OfTable()
		}
		return Object{Kind: Index, Schema: e.Object.Schema, Name: e.Object.Name}
	}
	return e.Object
}

// renamed is the other side of a rename, a move, or an attached or exchanged partition.
func (e Effect) renamed() Object {
	o := e.Object
	if e.NewName != "" {
		o.Name = e.NewName
	}
	if e.NewSchema != "" {
		o.Schema = e.NewSchema
	}
	return o
}
