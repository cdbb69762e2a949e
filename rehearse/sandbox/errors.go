package sandbox

import "errors"

// Sentinels for what a caller may want to answer with a hint of its own. The errors that wrap them name the file
// or the version concerned.
var (
	// ErrNotADump: the path is there but holds no dump of a kind this package knows, or is empty.
	ErrNotADump = errors.New("not a database dump")
	// ErrTruncated: the dump ends early, so the copy or the dump itself was interrupted.
	ErrTruncated = errors.New("the dump is truncated")
	// ErrOtherProduct: the dump belongs to another kind of server than the sandbox.
	ErrOtherProduct = errors.New("the dump is of another database product")
	// ErrNoEngine: neither a container nor a local server of a fitting version can be had.
	ErrNoEngine = errors.New("no engine for the sandbox")
	// ErrMissingExtension: the dump needs an extension that the sandbox's server does not have.
	ErrMissingExtension = errors.New("an extension of the dump is missing")
)
