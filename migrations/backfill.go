package migrations

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// backfill reads the header of a batch statement.
func (p *parser) backfill(at directive) error {
	if p.m.Phase != Backfill {
		return fmt.Errorf("only a .backfill.sql file can hold one")
	}
	if err := p.dangling(); err != nil {
		return err
	}
	b := &Batch{When: BeforePush}
	for field := range strings.FieldsSeq(at.args) {
		name, value, _ := strings.Cut(field, "=")
		if err := b.set(name, value); err != nil {
			return err
		}
	}
	if b.Table == "" || b.Key == "" {
		return fmt.Errorf("want table=NAME key=COLUMN [batch=auto|ROWS] [when=before-push|after-push]")
	}
	p.batch, p.batchAt = b, at
	return nil
}

func (b *Batch) set(name, value string) error {
	switch name {
	case "table":
		b.Table = value
	case "key":
		b.Key = value
		if strings.Contains(value, ",") {
			return fmt.Errorf("key=%s: the key is one integer column", value)
		}
	case "batch":
		if value == "auto" {
			return nil
		}
		size, err := strconv.ParseInt(value, 10, 64)
		if err != nil || size < 1 {
			return fmt.Errorf("batch=%s: want auto or a number of rows", value)
		}
		b.Size = size
	case "when":
		b.When = When(value)
		if b.When != BeforePush && b.When != AfterPush {
			return fmt.Errorf("when=%s: want before-push or after-push", value)
		}
	default:
		return fmt.Errorf("unknown option %q, want table, key, batch or when", name)
	}
	return nil
}

// checkBatch refuses a batch without its bounds, bounds without a header, and
// parameters that nobody fills.
func (m *Migration) checkBatch(s Statement, d sqltext.Dialect) error {
	params := sqltext.Params(d, s.Text)
	if s.Batch == nil {
		if m.Phase == Backfill && (slices.Contains(params, "lo") || slices.Contains(params, "hi")) {
			return fmt.Errorf("the statement uses :lo or :hi but no -- migrate:backfill header stands above it")
		}
		return nil
	}
	for _, want := range []string{"lo", "hi"} {
		if !slices.Contains(params, want) {
			return fmt.Errorf("a batch must use :lo and :hi, as in %s > :lo AND %s <= :hi", s.Batch.Key, s.Batch.Key)
		}
	}
	for _, name := range params {
		if name != "lo" && name != "hi" {
			return fmt.Errorf("unknown parameter :%s, a batch has :lo and :hi", name)
		}
	}
	return nil
}
