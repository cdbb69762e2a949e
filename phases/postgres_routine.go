package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
	pg "github.com/pganalyze/pg_query_go/v6"
)

// routineStatement reads routines, triggers and DO.
func (r *pgReader) routineStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_CreateFunctionStmt:
		r.createFunction(s.CreateFunctionStmt)
	case *pg.Node_AlterFunctionStmt:
		kind := pgKind(s.AlterFunctionStmt.Objtype)
		r.add(Effect{Action: AlterObject, Object: named(kind, s.AlterFunctionStmt.Func.GetObjname()),
			Option: definitionNames(s.AlterFunctionStmt.Actions)})
	case *pg.Node_CreateTrigStmt:
		r.createTrigger(s.CreateTrigStmt)
	case *pg.Node_DoStmt:
		code, language := codeOf(s.DoStmt.Args)
		if language == "" {
			language = "plpgsql"
		}
		r.effects = append(r.effects, conditional(bodyEffects(language, code))...)
		if len(r.effects) == 0 {
			r.add(Effect{Action: Session, Option: "do"})
		}
	default:
		return false
	}
	return true
}

func definitionNames(nodes []*pg.Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.GetDefElem().GetDefname())
	}
	return strings.Join(names, ", ")
}

func (r *pgReader) createFunction(s *pg.CreateFunctionStmt) {
	kind := Function
	if s.IsProcedure {
		kind = Procedure
	}
	e := Effect{Action: CreateFunction, Object: named(kind, s.Funcname), OrReplace: s.Replace, Arguments: []string{},
		TypeName: typeName(s.ReturnType)}
	for _, n := range s.Parameters {
		if p := n.GetFunctionParameter(); isInput(p.GetMode()) {
			e.Arguments = append(e.Arguments, typeName(p.GetArgType()))
		}
	}
	if s.SqlBody != nil {
		e.Body = sqlBody(s.SqlBody)
	} else {
		code, language := codeOf(s.Options)
		e.Body = bodyEffects(language, code)
	}
	r.add(e)
}

func isInput(mode pg.FunctionParameterMode) bool {
	return mode != pg.FunctionParameterMode_FUNC_PARAM_OUT && mode != pg.FunctionParameterMode_FUNC_PARAM_TABLE
}

// sqlBody reads BEGIN ATOMIC ... END, a list of a list, or a RETURN.
func sqlBody(n *pg.Node) []Effect {
	if list := n.GetList(); list != nil {
		var all []Effect
		for _, item := range list.Items {
			all = append(all, sqlBody(item)...)
		}
		return all
	}
	if n.GetReturnStmt() != nil {
		return nil
	}
	return bodyOf([]*pg.Node{n})
}

// codeOf finds a routine's text and language among its options.
func codeOf(options []*pg.Node) (code, language string) {
	for _, n := range options {
		def := n.GetDefElem()
		names := parts(def.GetArg())
		if len(names) == 0 {
			continue
		}
		switch def.Defname {
		case "as":
			code = names[0]
		case "language":
			language = strings.ToLower(names[0])
		}
	}
	return code, language
}

// bodyEffects reads a routine's text, in the languages that hold SQL.
func bodyEffects(language, code string) []Effect {
	switch language {
	case "plpgsql":
		return plpgsqlEffects(code)
	case "sql", "":
		return sqlEffects(code)
	case "internal", "c":
		return nil
	}
	return []Effect{unknown("code in the language " + language)}
}

// sqlEffects reads the statements of a text.
func sqlEffects(code string) []Effect {
	statements, err := sqltext.Split(sqltext.Postgres, code)
	if err != nil {
		return []Effect{unknown(err.Error())}
	}
	var all []Effect
	for _, s := range statements {
		all = append(all, postgresEffects(s.Text)...)
	}
	return all
}

func (r *pgReader) createTrigger(s *pg.CreateTrigStmt) {
	function := named(Function, s.Funcname)
	r.add(Effect{Action: CreateTrigger, Object: within(Trigger, s.Relation, s.Trigname), OrReplace: s.Replace,
		References: &function, Columns: texts(s.Columns), Method: triggerTiming(s.Timing), Deferrable: s.Deferrable,
		Option: triggerEvents(s.Events)})
}

// triggerTiming and triggerEvents read the bits of catalog/pg_trigger.h.
func triggerTiming(bits int32) string {
	switch {
	case bits&(1<<1) != 0:
		return "before"
	case bits&(1<<6) != 0:
		return "instead of"
	}
	return "after"
}

func triggerEvents(bits int32) string {
	var events []string
	for i, name := range []string{"insert", "delete", "update", "truncate"} {
		if bits&(1<<(2+i)) != 0 {
			events = append(events, name)
		}
	}
	return strings.Join(events, ", ")
}
