package phases

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

func (r *pgReader) createSequence(s *pg.CreateSeqStmt) {
	r.add(Effect{Action: CreateSequence, Object: relation(Sequence, s.Sequence), IfNotExists: s.IfNotExists,
		Temporary: s.Sequence.GetRelpersistence() == "t", TypeName: sequenceType(s.Options)})
}

// alterSequence reads ALTER SEQUENCE: one effect, whose option lists what changes.
func (r *pgReader) alterSequence(s *pg.AlterSeqStmt) {
	var options []string
	for _, n := range s.Options {
		options = append(options, n.GetDefElem().GetDefname())
	}
	r.add(Effect{Action: AlterObject, Object: relation(Sequence, s.Sequence),
		IfExists: s.MissingOk, Option: strings.Join(options, ", "), TypeName: sequenceType(s.Options)})
}

func sequenceType(options []*pg.Node) string {
	for _, n := range options {
		if n.GetDefElem().GetDefname() == "as" {
			return typeName(n.GetDefElem().GetArg().GetTypeName())
		}
	}
	return ""
}

func (r *pgReader) alterEnum(s *pg.AlterEnumStmt) {
	e := Effect{Action: AddEnumValue, Object: named(Type, s.TypeName), Value: s.NewVal, IfNotExists: s.SkipIfNewValExists}
	if s.OldVal != "" {
		e.Action, e.Value, e.NewName = RenameEnumValue, s.OldVal, s.NewVal
	}
	r.add(e)
}

func (r *pgReader) createComposite(s *pg.CompositeTypeStmt) {
	e := Effect{Action: CreateType, Object: relation(Type, s.Typevar), Option: "composite"}
	for _, n := range s.Coldeflist {
		e.Columns = append(e.Columns, n.GetColumnDef().GetColname())
	}
	r.add(e)
}

// createDomain reads CREATE DOMAIN. Its CHECKs follow as constraints whose table is the domain.
func (r *pgReader) createDomain(s *pg.CreateDomainStmt) {
	e := Effect{Action: CreateType, Object: named(Type, s.Domainname), Option: "domain", TypeName: typeName(s.TypeName)}
	var checks []*pg.Constraint
	for _, n := range s.Constraints {
		if c := n.GetConstraint(); c != nil && !r.columnProperty(&e, c) {
			checks = append(checks, c)
		}
	}
	r.add(e)
	domain := &pg.RangeVar{Schemaname: e.Object.Schema, Relname: e.Object.Name}
	at := len(r.effects)
	for _, c := range checks {
		r.addConstraint(domain, c, nil, CreateType)
	}
	r.ofDomain(at)
}

// ofDomain marks the constraints from at on as a domain's.
func (r *pgReader) ofDomain(at int) {
	for i := at; i < len(r.effects); i++ {
		setTableKind(&r.effects[i].Object, Type)
	}
}

// alterDomain reads ALTER DOMAIN, whose sub-command is a letter (parsenodes.h).
func (r *pgReader) alterDomain(s *pg.AlterDomainStmt) {
	domain := named(Type, s.TypeName)
	e := Effect{Object: domain, IfExists: s.MissingOk, Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
	constraint := Object{Kind: Constraint, Schema: domain.Schema, Table: domain.Name, Name: s.Name, TableKind: Type}
	at := len(r.effects)
	switch s.Subtype {
	case "T":
		e.Action = DropDefault
		if s.Def != nil {
			e.Action = SetDefault
			setDefault(&e, s.Def)
		}
	case "N":
		e.Action = DropNotNull
	case "O":
		e.Action, e.NotNull = SetNotNull, true
	case "C":
		r.addConstraint(&pg.RangeVar{Schemaname: domain.Schema, Relname: domain.Name}, s.Def.GetConstraint(), nil, "")
		r.ofDomain(at)
		return
	case "X":
		e.Action, e.Object = DropConstraint, constraint
	case "V":
		e.Action, e.Object = ValidateConstraint, constraint
	default:
		e = unknown("ALTER DOMAIN action " + s.Subtype)
	}
	r.add(e)
}

// define reads CREATE AGGREGATE, TYPE, OPERATOR, COLLATION and TEXT SEARCH objects.
func (r *pgReader) define(s *pg.DefineStmt) {
	kind := pgKind(s.Kind)
	r.add(Effect{Action: createAction(kind), Object: named(kind, s.Defnames), OrReplace: s.Replace, IfNotExists: s.IfNotExists})
}
