package drivertest

import stdcontext "context"

// context is for what must not end with a test's own context, such as the
// clean-up behind it.
func context() stdcontext.Context { return stdcontext.Background() }
