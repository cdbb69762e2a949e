package phases

import (
	"cmp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// createTable reads CREATE TABLE: the table, then its columns, constraints and
// what they bring as parts of it.
func (r *pgReader) createTable(s *pg.CreateStmt) {
	at := len(r.effects)
	e := Effect{Action: CreateTable, Object: relation(Table, s.Relation), IfNotExists: s.IfNotExists,
		Temporary: s.Relation.GetRelpersistence() == "t"}
	if s.Relation.GetRelpersistence() == "u" {
		e.Option = "unlogged"
	}
	r.tableParents(&e, s)
	r.add(e)
	for _, n := range s.TableElts {
		switch {
		case n.GetColumnDef() != nil:
			r.effects[at].Columns = append(r.effects[at].Columns, n.GetColumnDef().Colname)
			r.addColumn(s.Relation, n.GetColumnDef(), Effect{Part: CreateTable})
		case n.GetConstraint() != nil:
			r.addConstraint(s.Relation, n.GetConstraint(), nil, CreateTable)
		case n.GetTableLikeClause() != nil:
			like := relation(Table, n.GetTableLikeClause().Relation)
			r.effects[at].References, r.effects[at].Option = &like, "like"
		}
	}
	r.keyColumns(at)
}

func (r *pgReader) tableParents(e *Effect, s *pg.CreateStmt) {
	if len(s.InhRelations) > 0 {
		parent := relation(Table, s.InhRelations[0].GetRangeVar())
		e.References, e.Option = &parent, "inherits"
	}
	if s.Partbound != nil {
		e.Option = "partition of"
	}
	if s.Partspec != nil {
		e.Value = "partitioned"
	}
}

// keyColumns makes the columns of a primary key not null, in the effects from at on.
func (r *pgReader) keyColumns(at int) {
	keys := map[string]bool{}
	for _, e := range r.effects[at:] {
		if e.Action == AddConstraint && (e.ConstraintType == PrimaryKey || e.ConstraintType == NotNullConstraint && !e.NotValid) {
			for _, c := range e.Columns {
				keys[c] = true
			}
		}
	}
	for i := at; i < len(r.effects); i++ {
		if e := &r.effects[i]; e.Action == AddColumn && keys[e.Object.Name] {
			e.NotNull = true
		}
	}
}

// addColumn reads a column's definition. The effect given has what its
// surroundings say.
func (r *pgReader) addColumn(table *pg.RangeVar, def *pg.ColumnDef, e Effect) {
	e.Action, e.Object = AddColumn, within(Column, table, def.Colname)
	e.TypeName = typeName(def.TypeName)
	e.Collation = strings.Join(partsOf(def.CollClause.GetCollname()), ".")
	if strings.HasSuffix(e.TypeName, "serial") {
		e.Identity, e.NotNull, e.HasDefault, e.DefaultVolatile = true, true, true, true
	}
	var constraints []*pg.Constraint
	for _, n := range def.Constraints {
		if c := n.GetConstraint(); c != nil && !r.columnProperty(&e, c) {
			constraints = append(constraints, c)
		}
	}
	at, part := len(r.effects), cmp.Or(e.Part, AddColumn)
	r.add(e)
	for _, c := range constraints {
		if c.Contype == pg.ConstrType_CONSTR_ATTR_DEFERRABLE {
			r.effects[len(r.effects)-1].Deferrable = true
			continue
		}
		r.addConstraint(table, c, []string{def.Colname}, part)
	}
	r.keyColumns(at)
}

// columnProperty takes what a column's definition says of the column itself, and
// reports false for a constraint.
func (r *pgReader) columnProperty(e *Effect, c *pg.Constraint) bool {
	switch c.Contype {
	case pg.ConstrType_CONSTR_NOTNULL:
		e.NotNull = true
	case pg.ConstrType_CONSTR_DEFAULT:
		setDefault(e, c.RawExpr)
	case pg.ConstrType_CONSTR_IDENTITY:
		e.Identity, e.NotNull, e.HasDefault, e.DefaultVolatile = true, true, true, true
	case pg.ConstrType_CONSTR_GENERATED:
		e.Generated, e.Expression = Stored, expression(c.RawExpr)
		if r.newer.has(c, markVirtual) {
			e.Generated = Virtual
		}
	case pg.ConstrType_CONSTR_NULL, pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE,
		pg.ConstrType_CONSTR_ATTR_DEFERRED, pg.ConstrType_CONSTR_ATTR_IMMEDIATE:
	default: // DEFERRABLE too, which stands behind a constraint as one of its own
		return false
	}
	return true
}

func setDefault(e *Effect, n *pg.Node) {
	e.Default = expression(n)
	e.HasDefault = !isNull(n)
	e.DefaultVolatile = volatile(n)
}

var constraintTypes = map[pg.ConstrType]ConstraintType{
	pg.ConstrType_CONSTR_CHECK:     Check,
	pg.ConstrType_CONSTR_PRIMARY:   PrimaryKey,
	pg.ConstrType_CONSTR_UNIQUE:    Unique,
	pg.ConstrType_CONSTR_EXCLUSION: Exclusion,
	pg.ConstrType_CONSTR_FOREIGN:   ForeignKey,
	pg.ConstrType_CONSTR_NOTNULL:   NotNullConstraint,
}

var referentialActions = map[string]string{
	"c": "cascade", "n": "set null", "d": "set default", "r": "restrict",
}

// addConstraint reads a constraint of a table, or of the column given. Part says
// what it is written in, "" for ADD CONSTRAINT.
func (r *pgReader) addConstraint(table *pg.RangeVar, c *pg.Constraint, column []string, part Action) {
	e := Effect{
		Action: AddConstraint, Object: within(Constraint, table, c.Conname), Part: part,
		ConstraintType: constraintTypes[c.Contype], Columns: append(texts(c.Keys), texts(c.FkAttrs)...),
		NotValid: c.SkipValidation, Deferrable: c.Deferrable, UsingIndex: c.Indexname,
	}
	if len(e.Columns) == 0 {
		e.Columns = column
	}
	e.Unique = e.ConstraintType == PrimaryKey || e.ConstraintType == Unique
	switch e.ConstraintType {
	case "":
		return
	case Check:
		e.Expression, e.Proves = expression(c.RawExpr), proves(c.RawExpr)
		if column == nil {
			e.Columns = columnsIn(c.RawExpr)
		}
	case ForeignKey:
		parent := relation(Table, c.Pktable)
		e.References, e.ReferencedColumns = &parent, texts(c.PkAttrs)
		e.OnDelete = referentialActions[c.FkDelAction]
	case Exclusion:
		e.Columns = exclusionColumns(c)
	}
	r.newer.mark(c, &e)
	r.add(e)
}

func exclusionColumns(c *pg.Constraint) []string {
	var columns []string
	for _, n := range c.Exclusions {
		if pair := n.GetList(); pair != nil && len(pair.Items) > 0 {
			columns = append(columns, pair.Items[0].GetIndexElem().GetName())
		}
	}
	return columns
}

func (r *pgReader) createIndex(s *pg.IndexStmt) {
	e := Effect{Action: CreateIndex, Object: within(Index, s.Relation, s.Idxname), Unique: s.Unique,
		Concurrently: s.Concurrent, IfNotExists: s.IfNotExists, Only: s.Relation != nil && !s.Relation.Inh,
		Method: s.AccessMethod, Partial: s.WhereClause != nil}
	for _, n := range s.IndexParams {
		e.Columns = append(e.Columns, n.GetIndexElem().GetName())
	}
	r.add(e)
}
