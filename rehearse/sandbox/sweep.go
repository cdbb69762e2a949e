package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Sweep removes sandboxes whose process on this host is gone without closing them: folders and servers in the cache
// directory, and containers with their volumes when a Docker daemon answers. Sandboxes of live processes and of other
// hosts are left alone. Start calls it; calling it at any other time is safe too.
func Sweep(ctx context.Context, o Options) error {
	o = o.withDefaults()
	var errs []error
	if o.Engine != Docker {
		errs = append(errs, sweepFolders(ctx, o))
	}
	if o.Engine != Local {
		errs = append(errs, sweepContainers(ctx, o))
	}
	return errors.Join(errs...)
}

func sweepFolders(ctx context.Context, o Options) error {
	parent, err := sandboxesDir(o)
	if err != nil {
		return err
	}
	marks, err := filepath.Glob(filepath.Join(parent, "*.owner"))
	if err != nil {
		return err
	}
	var errs []error
	for _, mark := range marks {
		f := folder{path: strings.TrimSuffix(mark, ".owner"), owner: mark}
		if ctx.Err() != nil || !f.left() {
			continue
		}
		if err := f.sweep(); err != nil {
			errs = append(errs, fmt.Errorf("remove the left sandbox %s: %w", f.path, err))
			continue
		}
		o.Log.Info("removed a sandbox that a dead process left", "folder", f.path)
	}
	return errors.Join(errs...)
}

// sweep ends the server that still runs in the folder, then removes the folder.
func (f folder) sweep() error {
	if pid := f.serverPID(); pid != 0 {
		gone := func(wait time.Duration) bool {
			for deadline := time.Now().Add(wait); f.servedBy(pid); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					return false
				}
			}
			return true
		}
		if err := stopServer(pid, gone); err != nil {
			return err
		}
	}
	if err := f.remove(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
