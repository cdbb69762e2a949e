package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// sweepContainers removes the containers of dead owners. A machine without a daemon has none.
func sweepContainers(ctx context.Context, o Options) error {
	c, err := connect(ctx)
	if errors.Is(err, ErrNoEngine) {
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	return removeContainers(ctx, c, labelSandbox, func(labels map[string]string) bool {
		mark, ok := ownerFromLabels(labels)
		if !ok || !mark.dead() {
			return false
		}
		o.Log.Info("removed a sandbox that a dead process left", "container", labels[labelSandbox])
		return true
	})
}

// removeContainers deletes the containers that carry the label and pass the filter, with their anonymous volumes.
// One that is gone already or being removed by another process is no error.
func removeContainers(ctx context.Context, c *client.Client, label string, filter func(map[string]string) bool) error {
	list, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", label)})
	if err != nil {
		return fmt.Errorf("list the sandboxes' containers: %w", err)
	}
	var errs []error
	for _, found := range list.Items {
		if filter != nil && !filter(found.Labels) {
			continue
		}
		_, err := c.ContainerRemove(ctx, found.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
			errs = append(errs, fmt.Errorf("remove container %.12s: %w", found.ID, err))
		}
	}
	return errors.Join(errs...)
}
