package phases

import "slices"

// TouchedBy are the objects whose definition in the catalogue the effects change,
// each once, in order: what to look at to tell whether a statement took effect.
// Columns, constraints, partitions and MySQL's indexes are in their table's
// definition; a PostgreSQL index, a trigger, a policy and a rule stand for
// themselves. A rename, a move, and a partition that comes or goes name both
// sides. Rows, settings and Unknown effects name nothing. Touched reads less, and
// from tokens alone.
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
	if e.Action == Unknown || !e.ChangesSchema() {
		return nil
	}
	if other, ok := e.otherSide(); ok {
		return []Object{e.Catalogued(), other}
	}
	return []Object{e.Catalogued()}
}

// Catalogued is the object whose definition in the catalogue holds that of the
// effect's object.
func (e Effect) Catalogued() Object {
	switch {
	case e.Object.Kind == Column, e.Object.Kind == Constraint, e.Object.Kind == Partition,
		e.Object.Kind == Index && e.InTable:
		return e.Object.OfTable()
	case e.Object.Kind == Index:
		return Object{Kind: Index, Schema: e.Object.Schema, Name: e.Object.Name}
	}
	return e.Object
}

// otherSide is the second object that an effect changes: what a rename or a move
// makes of the first, or the table that becomes or was a partition.
func (e Effect) otherSide() (Object, bool) {
	other := e.Catalogued()
	switch e.Action {
	case RenameTable, RenameIndex, RenameObject:
		if e.Object.Kind == Constraint || e.InTable {
			return Object{}, false
		}
		other.Schema, other.Name = e.NewSchema, e.NewName
	case SetSchema:
		other.Schema = e.NewSchema
	case AttachPartition, DetachPartition:
		other.Schema, other.Name = e.NewSchema, e.NewName
	case AlterPartition:
		other.Schema, other.Name = e.NewSchema, e.NewName
		return other, e.NewName != ""
	default:
		return Object{}, false
	}
	return other, true
}
