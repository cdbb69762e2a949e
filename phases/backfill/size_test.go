package backfill

import (
	"testing"
	"time"
)

func TestResizeIsSmoothAndBounded(t *testing.T) {
	const target = 200 * time.Millisecond
	for _, test := range []struct {
		size int64
		took time.Duration
		want int64
	}{
		{1000, target, 1000}, {1000, 100 * time.Millisecond, 2000}, {1000, 0, 2000}, {1000, time.Minute, 500},
		{1000, 160 * time.Millisecond, 1250}, {minSize, time.Hour, minSize}, {maxSize, time.Millisecond, maxSize},
	} {
		if got := resize(test.size, test.took, target); got != test.want {
			t.Errorf("%d rows in %s: next %d, want %d", test.size, test.took, got, test.want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, test := range []struct {
		c    Cursor
		want float64
	}{
		{Cursor{Key: 0, First: 1, Last: 100}, 0}, {Cursor{Key: 50, First: 1, Last: 100}, 0.5},
		{Cursor{Key: -1, First: 0, Last: -1}, 1}, {Cursor{Key: 3, First: 1, Last: 100, Done: true}, 1}, {Cursor{Key: -60, First: -100, Last: -1}, 0.41},
	} {
		if got := test.c.Share(); got != test.want {
			t.Errorf("%+v: %v, want %v", test.c, got, test.want)
		}
	}
}
