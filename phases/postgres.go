package phases

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// postgresEffects reads a statement with PostgreSQL 17's own grammar. What it
// refuses is tried once more with the clauses of PostgreSQL 18 written in older ones.
func postgresEffects(sql string) []Effect {
	if reason := unreadable(sql); reason != "" {
		return []Effect{unknown(reason)}
	}
	tree, err := pg.Parse(sql)
	if err == nil {
		return (&pgReader{source: sql}).statements(tree)
	}
	older, ok := rewritePostgres18(sql)
	if !ok {
		return []Effect{unknown(err.Error())}
	}
	tree, retryErr := pg.Parse(older.sql)
	if retryErr != nil || len(tree.Stmts) == 0 {
		return []Effect{unknown(err.Error())}
	}
	older.assign(tree)
	return (&pgReader{source: older.sql, newer: older}).statements(tree)
}

// pgReader collects the effects of one statement.
type pgReader struct {
	source  string
	newer   *postgres18 // the clauses that the grammar does not know; nil: none
	effects []Effect
}

func (r *pgReader) add(e Effect) { r.effects = append(r.effects, e) }

func (r *pgReader) statements(tree *pg.ParseResult) []Effect {
	for _, raw := range tree.Stmts {
		r.statement(raw.Stmt)
	}
	return r.effects
}

// statement reads one statement. Several small dispatchers share the work, each
// for one family of nodes; what none knows is Unknown.
func (r *pgReader) statement(n *pg.Node) {
	if n == nil || n.Node == nil {
		return
	}
	for _, family := range []func(*pg.Node) bool{
		r.tableStatement, r.dataStatement, r.objectStatement, r.routineStatement,
		r.rareStatement, r.sessionStatement,
	} {
		if family(n) {
			return
		}
	}
	r.add(unknown(fmt.Sprintf("a statement of the kind %T", n.Node)))
}

func (r *pgReader) tableStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_CreateStmt:
		r.createTable(s.CreateStmt)
	case *pg.Node_CreateForeignTableStmt:
		r.createTable(s.CreateForeignTableStmt.BaseStmt)
	case *pg.Node_AlterTableStmt:
		r.alterTable(s.AlterTableStmt)
	case *pg.Node_CreateTableAsStmt:
		r.createTableAs(s.CreateTableAsStmt)
	case *pg.Node_ViewStmt:
		r.createView(s.ViewStmt)
	case *pg.Node_IndexStmt:
		r.createIndex(s.IndexStmt)
	case *pg.Node_RefreshMatViewStmt:
		refresh := s.RefreshMatViewStmt
		r.add(Effect{Action: Refresh, Object: relation(MaterializedView, refresh.Relation), Concurrently: refresh.Concurrent})
	case *pg.Node_TruncateStmt:
		r.truncate(s.TruncateStmt)
	case *pg.Node_LockStmt:
		r.lockTable(s.LockStmt)
	case *pg.Node_ReindexStmt:
		r.reindex(s.ReindexStmt)
	case *pg.Node_VacuumStmt:
		r.vacuum(s.VacuumStmt)
	case *pg.Node_ClusterStmt:
		e := Effect{Action: Cluster, Object: Object{Kind: Database}, UsingIndex: s.ClusterStmt.Indexname}
		if s.ClusterStmt.Relation != nil {
			e.Object = relation(Table, s.ClusterStmt.Relation)
		}
		r.add(e)
	default:
		return false
	}
	return true
}

func (r *pgReader) objectStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_DropStmt:
		r.drop(s.DropStmt)
	case *pg.Node_RenameStmt:
		r.rename(s.RenameStmt)
	case *pg.Node_AlterObjectSchemaStmt:
		r.setSchema(s.AlterObjectSchemaStmt)
	case *pg.Node_AlterOwnerStmt:
		r.setOwner(s.AlterOwnerStmt)
	case *pg.Node_CommentStmt:
		r.comment(s.CommentStmt)
	case *pg.Node_GrantStmt:
		r.grant(s.GrantStmt)
	case *pg.Node_AlterDefaultPrivilegesStmt:
		r.defaultPrivileges(s.AlterDefaultPrivilegesStmt)
	case *pg.Node_CreateSchemaStmt:
		r.createSchema(s.CreateSchemaStmt)
	case *pg.Node_CreateExtensionStmt:
		r.add(Effect{Action: CreateExtension, Object: Object{Kind: Extension, Name: s.CreateExtensionStmt.Extname},
			IfNotExists: s.CreateExtensionStmt.IfNotExists})
	case *pg.Node_CreateSeqStmt:
		r.createSequence(s.CreateSeqStmt)
	case *pg.Node_AlterSeqStmt:
		r.alterSequence(s.AlterSeqStmt)
	default:
		return r.typeStatement(n)
	}
	return true
}

func (r *pgReader) typeStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_CreateEnumStmt:
		r.add(Effect{Action: CreateType, Object: named(Type, s.CreateEnumStmt.TypeName), Option: "enum", Columns: texts(s.CreateEnumStmt.Vals)})
	case *pg.Node_AlterEnumStmt:
		r.alterEnum(s.AlterEnumStmt)
	case *pg.Node_CompositeTypeStmt:
		r.createComposite(s.CompositeTypeStmt)
	case *pg.Node_CreateRangeStmt:
		r.add(Effect{Action: CreateType, Object: named(Type, s.CreateRangeStmt.TypeName), Option: "range"})
	case *pg.Node_CreateDomainStmt:
		r.createDomain(s.CreateDomainStmt)
	case *pg.Node_AlterDomainStmt:
		r.alterDomain(s.AlterDomainStmt)
	case *pg.Node_AlterTypeStmt:
		r.add(Effect{Action: AlterObject, Object: named(Type, s.AlterTypeStmt.TypeName), Option: "options"})
	case *pg.Node_DefineStmt:
		r.define(s.DefineStmt)
	default:
		return false
	}
	return true
}
