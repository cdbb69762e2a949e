package drivers_test

import (
	"testing"

	"github.com/expandcontract/migrate/drivers/drivertest"
	"github.com/expandcontract/migrate/rehearse/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { drivertest.Main(m) }

// TestConformance runs the suite on each server that this machine can run.
func TestConformance(t *testing.T) {
	for _, kind := range sandboxtest.Kinds() {
		t.Run(kind.String(), func(t *testing.T) { drivertest.Run(t, kind) })
	}
}
