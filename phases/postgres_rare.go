package phases

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// rareStatement reads the statements on objects that seldom stand in a
// migration; of most the kind and the name are all that counts.
func (r *pgReader) rareStatement(n *pg.Node) bool {
	for _, family := range []func(*pg.Node) (Effect, bool){rareCreate, rareAlter, rareDrop, ruleOrPolicy} {
		if e, ok := family(n); ok {
			r.add(e)
			return true
		}
	}
	switch s := n.Node.(type) {
	case *pg.Node_GrantRoleStmt:
		r.grantRole(s.GrantRoleStmt)
	case *pg.Node_DropRoleStmt:
		for _, role := range s.DropRoleStmt.Roles {
			r.add(Effect{Action: DropObject, Object: Object{Kind: Role, Name: role.GetRoleSpec().GetRolename()}, IfExists: s.DropRoleStmt.MissingOk})
		}
	default:
		return false
	}
	return true
}

func effectOn(action Action, kind Kind, name string) Effect {
	return Effect{Action: action, Object: Object{Kind: kind, Name: name}}
}

func rareCreate(n *pg.Node) (Effect, bool) {
	switch s := n.Node.(type) {
	case *pg.Node_CreateStatsStmt:
		e := Effect{Action: CreateObject, Object: named(Statistics, s.CreateStatsStmt.Defnames), IfNotExists: s.CreateStatsStmt.IfNotExists}
		if from := s.CreateStatsStmt.Relations; len(from) > 0 {
			table := relation(Table, from[0].GetRangeVar())
			e.References = &table
		}
		return e, true
	case *pg.Node_CreatePublicationStmt:
		return effectOn(CreateObject, Publication, s.CreatePublicationStmt.Pubname), true
	case *pg.Node_CreateSubscriptionStmt:
		return effectOn(CreateObject, Subscription, s.CreateSubscriptionStmt.Subname), true
	case *pg.Node_CreateRoleStmt:
		return effectOn(CreateObject, Role, s.CreateRoleStmt.Role), true
	case *pg.Node_CreatedbStmt:
		return effectOn(CreateObject, Database, s.CreatedbStmt.Dbname), true
	case *pg.Node_CreateTableSpaceStmt:
		return effectOn(CreateObject, "tablespace", s.CreateTableSpaceStmt.Tablespacename), true
	case *pg.Node_CreateEventTrigStmt:
		return effectOn(CreateObject, "event trigger", s.CreateEventTrigStmt.Trigname), true
	case *pg.Node_CreateForeignServerStmt:
		return effectOn(CreateObject, "server", s.CreateForeignServerStmt.Servername), true
	case *pg.Node_CreateFdwStmt:
		return effectOn(CreateObject, "foreign data wrapper", s.CreateFdwStmt.Fdwname), true
	case *pg.Node_CreateUserMappingStmt:
		return effectOn(CreateObject, "user mapping", s.CreateUserMappingStmt.Servername), true
	case *pg.Node_ImportForeignSchemaStmt:
		return effectOn(AlterObject, Schema, s.ImportForeignSchemaStmt.LocalSchema), true
	case *pg.Node_CreateCastStmt:
		return effectOn(CreateObject, "cast", castName(s.CreateCastStmt.Sourcetype, s.CreateCastStmt.Targettype)), true
	case *pg.Node_CreateOpClassStmt:
		return Effect{Action: CreateObject, Object: named("operator class", s.CreateOpClassStmt.Opclassname)}, true
	case *pg.Node_CreateOpFamilyStmt:
		return Effect{Action: CreateObject, Object: named("operator family", s.CreateOpFamilyStmt.Opfamilyname)}, true
	case *pg.Node_CreateConversionStmt:
		return Effect{Action: CreateObject, Object: named("conversion", s.CreateConversionStmt.ConversionName)}, true
	case *pg.Node_CreatePlangStmt:
		return effectOn(CreateObject, "language", s.CreatePlangStmt.Plname), true
	case *pg.Node_CreateAmStmt:
		return effectOn(CreateObject, "access method", s.CreateAmStmt.Amname), true
	case *pg.Node_CreateTransformStmt:
		return effectOn(CreateObject, "transform", typeName(s.CreateTransformStmt.TypeName)), true
	}
	return Effect{}, false
}

func rareAlter(n *pg.Node) (Effect, bool) {
	switch s := n.Node.(type) {
	case *pg.Node_AlterStatsStmt:
		return Effect{Action: AlterObject, Object: named(Statistics, s.AlterStatsStmt.Defnames), Option: "set statistics",
			IfExists: s.AlterStatsStmt.MissingOk}, true
	case *pg.Node_AlterPublicationStmt:
		return effectOn(AlterObject, Publication, s.AlterPublicationStmt.Pubname), true
	case *pg.Node_AlterSubscriptionStmt:
		return effectOn(AlterObject, Subscription, s.AlterSubscriptionStmt.Subname), true
	case *pg.Node_AlterExtensionStmt:
		return effectOn(AlterObject, Extension, s.AlterExtensionStmt.Extname), true
	case *pg.Node_AlterExtensionContentsStmt:
		return effectOn(AlterObject, Extension, s.AlterExtensionContentsStmt.Extname), true
	case *pg.Node_AlterRoleStmt:
		return effectOn(AlterObject, Role, s.AlterRoleStmt.Role.GetRolename()), true
	case *pg.Node_AlterRoleSetStmt:
		return settingOf(Role, s.AlterRoleSetStmt.Role.GetRolename(), s.AlterRoleSetStmt.Setstmt), true
	case *pg.Node_AlterDatabaseStmt:
		return effectOn(AlterObject, Database, s.AlterDatabaseStmt.Dbname), true
	case *pg.Node_AlterDatabaseSetStmt:
		return settingOf(Database, s.AlterDatabaseSetStmt.Dbname, s.AlterDatabaseSetStmt.Setstmt), true
	case *pg.Node_AlterEventTrigStmt:
		return effectOn(AlterObject, "event trigger", s.AlterEventTrigStmt.Trigname), true
	case *pg.Node_AlterForeignServerStmt:
		return effectOn(AlterObject, "server", s.AlterForeignServerStmt.Servername), true
	case *pg.Node_AlterFdwStmt:
		return effectOn(AlterObject, "foreign data wrapper", s.AlterFdwStmt.Fdwname), true
	case *pg.Node_AlterUserMappingStmt:
		return effectOn(AlterObject, "user mapping", s.AlterUserMappingStmt.Servername), true
	case *pg.Node_AlterTsdictionaryStmt:
		return Effect{Action: AlterObject, Object: named("text search dictionary", s.AlterTsdictionaryStmt.Dictname)}, true
	case *pg.Node_AlterTsconfigurationStmt:
		return Effect{Action: AlterObject, Object: named("text search configuration", s.AlterTsconfigurationStmt.Cfgname)}, true
	case *pg.Node_AlterCollationStmt:
		return Effect{Action: AlterObject, Object: named("collation", s.AlterCollationStmt.Collname)}, true
	case *pg.Node_AlterOperatorStmt:
		return Effect{Action: AlterObject, Object: named("operator", s.AlterOperatorStmt.Opername.GetObjname())}, true
	case *pg.Node_AlterOpFamilyStmt:
		return Effect{Action: AlterObject, Object: named("operator family", s.AlterOpFamilyStmt.Opfamilyname)}, true
	case *pg.Node_AlterObjectDependsStmt:
		return dependsOn(s.AlterObjectDependsStmt), true
	case *pg.Node_SecLabelStmt:
		return Effect{Action: AlterObject, Object: objectOf(pgKind(s.SecLabelStmt.Objtype), parts(s.SecLabelStmt.Object)),
			Option: "security label"}, true
	case *pg.Node_AlterTableMoveAllStmt:
		return Effect{Action: AlterObject, Object: Object{Kind: "tablespace", Name: s.AlterTableMoveAllStmt.OrigTablespacename},
			Option: "set tablespace", Value: s.AlterTableMoveAllStmt.NewTablespacename}, true
	}
	return Effect{}, false
}

// settingOf is ALTER ROLE or DATABASE ... SET, which counts for later sessions.
func settingOf(kind Kind, name string, s *pg.VariableSetStmt) Effect {
	return Effect{Action: AlterObject, Object: Object{Kind: kind, Name: name}, Option: "set " + s.GetName(), Value: settingValue(s)}
}

func dependsOn(s *pg.AlterObjectDependsStmt) Effect {
	kind := pgKind(s.ObjectType)
	o := objectOf(kind, append(parts(rangeNode(s.Relation)), parts(s.Object)...))
	return Effect{Action: AlterObject, Object: o, Option: "depends on extension", Value: s.Extname.GetSval()}
}

func rangeNode(rv *pg.RangeVar) *pg.Node {
	if rv == nil {
		return nil
	}
	return &pg.Node{Node: &pg.Node_RangeVar{RangeVar: rv}}
}

func rareDrop(n *pg.Node) (Effect, bool) {
	switch s := n.Node.(type) {
	case *pg.Node_DropSubscriptionStmt:
		return Effect{Action: DropObject, Object: Object{Kind: Subscription, Name: s.DropSubscriptionStmt.Subname},
			IfExists: s.DropSubscriptionStmt.MissingOk}, true
	case *pg.Node_DropdbStmt:
		return Effect{Action: DropObject, Object: Object{Kind: Database, Name: s.DropdbStmt.Dbname}, IfExists: s.DropdbStmt.MissingOk}, true
	case *pg.Node_DropTableSpaceStmt:
		return effectOn(DropObject, "tablespace", s.DropTableSpaceStmt.Tablespacename), true
	case *pg.Node_DropUserMappingStmt:
		return effectOn(DropObject, "user mapping", s.DropUserMappingStmt.Servername), true
	case *pg.Node_ReassignOwnedStmt:
		return Effect{Action: SetOwner, Object: Object{Kind: Role, Name: roleNames(s.ReassignOwnedStmt.Roles)},
			Option: "owned", Value: s.ReassignOwnedStmt.Newrole.GetRolename()}, true
	case *pg.Node_DropOwnedStmt:
		return Effect{Action: DropObject, Object: Object{Kind: Role, Name: roleNames(s.DropOwnedStmt.Roles)}, Option: "owned",
			Cascade: s.DropOwnedStmt.Behavior == pg.DropBehavior_DROP_CASCADE}, true
	}
	return Effect{}, false
}

func roleNames(nodes []*pg.Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.GetRoleSpec().GetRolename())
	}
	return strings.Join(names, ", ")
}

func (r *pgReader) grantRole(s *pg.GrantRoleStmt) {
	e := Effect{Action: Grant, Option: "role"}
	if !s.IsGrant {
		e.Action = Revoke
	}
	for _, n := range s.GrantedRoles {
		e.Object = Object{Kind: Role, Name: n.GetAccessPriv().GetPrivName()}
		r.add(e)
	}
}

func ruleOrPolicy(n *pg.Node) (Effect, bool) {
	switch s := n.Node.(type) {
	case *pg.Node_RuleStmt:
		return Effect{Action: CreateRule, Object: within(Rule, s.RuleStmt.Relation, s.RuleStmt.Rulename), OrReplace: s.RuleStmt.Replace,
			Body: bodyOf(s.RuleStmt.Actions)}, true
	case *pg.Node_CreatePolicyStmt:
		return Effect{Action: CreatePolicy, Object: within(Policy, s.CreatePolicyStmt.Table, s.CreatePolicyStmt.PolicyName)}, true
	case *pg.Node_AlterPolicyStmt:
		return Effect{Action: AlterObject, Object: within(Policy, s.AlterPolicyStmt.Table, s.AlterPolicyStmt.PolicyName)}, true
	}
	return Effect{}, false
}

// bodyOf are the effects of statements that run later.
func bodyOf(nodes []*pg.Node) []Effect {
	body := &pgReader{}
	for _, n := range nodes {
		body.statement(n)
	}
	return body.effects
}

// sessionStatement reads what concerns the session alone.
func (r *pgReader) sessionStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_VariableSetStmt:
		r.setSetting(s.VariableSetStmt)
	case *pg.Node_AlterSystemStmt:
		set := s.AlterSystemStmt.Setstmt
		r.add(Effect{Action: SetSetting, Object: Object{Kind: Setting, Name: set.GetName()}, Value: settingValue(set), Option: "global"})
	case *pg.Node_TransactionStmt:
		r.add(Effect{Action: Transaction})
	case *pg.Node_ExplainStmt:
		r.explain(s.ExplainStmt)
	case *pg.Node_PrepareStmt:
		r.add(Effect{Action: Session, Option: "prepare", Body: bodyOf([]*pg.Node{s.PrepareStmt.Query})})
	case *pg.Node_ExecuteStmt:
		r.add(unknown("EXECUTE of a prepared statement"))
	case *pg.Node_ConstraintsSetStmt:
		r.add(Effect{Action: SetSetting, Object: Object{Kind: Setting, Name: "constraints"}, Option: "local"})
	case *pg.Node_VariableShowStmt, *pg.Node_DeallocateStmt, *pg.Node_DiscardStmt, *pg.Node_LoadStmt, *pg.Node_ListenStmt,
		*pg.Node_UnlistenStmt, *pg.Node_NotifyStmt, *pg.Node_CheckPointStmt, *pg.Node_DeclareCursorStmt,
		*pg.Node_ClosePortalStmt, *pg.Node_FetchStmt:
		r.add(Effect{Action: Session})
	default:
		return false
	}
	return true
}

// explain reads EXPLAIN, which runs its statement only with ANALYZE.
func (r *pgReader) explain(s *pg.ExplainStmt) {
	if hasOption(s.Options, "analyze") {
		r.statement(s.Query)
		return
	}
	r.add(Effect{Action: Session, Option: "explain"})
}

func (r *pgReader) setSetting(s *pg.VariableSetStmt) {
	e := Effect{Action: SetSetting, Object: Object{Kind: Setting, Name: s.Name}, Value: settingValue(s), Option: "session"}
	if s.IsLocal {
		e.Option = "local"
	}
	r.add(e)
}

// settingValue is what a setting becomes, "" for its default.
func settingValue(s *pg.VariableSetStmt) string {
	var values []string
	for _, n := range s.GetArgs() {
		if text := n.GetAConst().GetSval(); text != nil {
			values = append(values, text.Sval)
			continue
		}
		values = append(values, expression(n))
	}
	return strings.Join(values, ", ")
}
