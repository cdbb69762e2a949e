package phases

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// TestEffects states whole values for the statements that most rules look at.
func TestEffects(t *testing.T) {
	column := func(name string) Object { return Object{Kind: Column, Schema: "app", Table: "t", Name: name} }
	for _, test := range []struct {
		dialect sqltext.Dialect
		sql     string
		want    []Effect
	}{
		{sqltext.Postgres, `ALTER TABLE App.T ADD "C" uuid NOT NULL DEFAULT gen_random_uuid()`, []Effect{
			{Action: AddColumn, Object: column("C"), TypeName: "uuid", NotNull: true, HasDefault: true,
				Default: "gen_random_uuid()", DefaultVolatile: true}}},
		{sqltext.Postgres, "ALTER TABLE app.t ADD CONSTRAINT nn NOT NULL c NOT VALID", []Effect{
			{Action: AddConstraint, Object: Object{Kind: Constraint, Schema: "app", Table: "t", Name: "nn"},
				ConstraintType: NotNullConstraint, Columns: []string{"c"}, NotValid: true}}},
		{sqltext.Postgres, "CREATE UNIQUE INDEX CONCURRENTLY i ON app.t (a, lower(b)) WHERE c", []Effect{
			{Action: CreateIndex, Object: Object{Kind: Index, Schema: "app", Table: "t", Name: "i"}, Unique: true, Concurrently: true,
				Method: "btree", Columns: []string{"a", ""}, Partial: true}}},
		{sqltext.Postgres, "ALTER TABLE app.t ADD CONSTRAINT u UNIQUE USING INDEX i", []Effect{
			{Action: AddConstraint, Object: Object{Kind: Constraint, Schema: "app", Table: "t", Name: "u"},
				ConstraintType: Unique, Unique: true, UsingIndex: "i"}}},
		{sqltext.Postgres, "DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$", []Effect{
			{Action: Unknown, Reason: "EXECUTE of a text made at run time", Conditional: true}}},
		{sqltext.Postgres, "-- nothing", nil},
		{sqltext.MySQL, "ALTER TABLE app.t ADD C varchar(5) NOT NULL DEFAULT 'x' AFTER b, ALGORITHM=INSTANT", []Effect{
			{Action: AddColumn, Object: column("C"), TypeName: "varchar(5)", NotNull: true, HasDefault: true, Default: "'x'",
				FirstOrAfter: "after b", Algorithm: "instant"}}},
		{sqltext.MySQL, "ALTER TABLE `app`.`t` CHANGE a b bigint, ALGORITHM=COPY, LOCK=SHARED", []Effect{
			{Action: RenameColumn, Object: column("a"), NewName: "b", Algorithm: "copy", Lock: "shared"},
			{Action: AlterColumnType, Object: column("b"), TypeName: "bigint", Restated: true, Algorithm: "copy", Lock: "shared"}}},
		{sqltext.MySQL, "UPDATE app.t SET a = 1", []Effect{
			{Action: UpdateRows, Object: Object{Kind: Table, Schema: "app", Name: "t"}, Columns: []string{"a"}}}},
		{sqltext.MySQL, "/* nothing */", nil},
	} {
		if diff := cmp.Diff(test.want, Effects(test.dialect, test.sql)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.sql, diff)
		}
	}
}
