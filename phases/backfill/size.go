package backfill

import "time"

// Bounds of an adapted batch, in rows.
const (
	startSize = 1_000
	minSize   = 100
	maxSize   = 50_000
)

func firstSize(wanted int64) int64 {
	if wanted > 0 {
		return wanted
	}
	return startSize
}

// resize steers the batch towards the target time, at most halving or doubling
// it at a step, so that one slow batch does not make the rate jump.
func resize(size int64, took, target time.Duration) int64 {
	factor := max(0.5, min(2, float64(target)/float64(max(took, time.Microsecond))))
	return max(minSize, min(maxSize, int64(float64(size)*factor)))
}
