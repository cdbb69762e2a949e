package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// pullTimeout bounds a pull: some 150 MB on a slow line.
const pullTimeout = 5 * time.Minute

// chooseImage names the image: the caller's own, <product>:<version>, or the newest one that is already there.
func chooseImage(ctx context.Context, c *client.Client, o Options, p product) (string, error) {
	if o.Image != "" {
		return o.Image, nil
	}
	if !o.Version.IsZero() {
		return o.Product + ":" + o.Version.String(), nil
	}
	list, err := c.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", o.Product)})
	if err != nil {
		return "", fmt.Errorf("list images: %w", err)
	}
	var newest Version
	for _, image := range list.Items {
		for _, tag := range image.RepoTags {
			if v := ParseVersion(o.Product, strings.TrimPrefix(tag, o.Product+":")); v.Compare(newest) > 0 {
				newest = v
			}
		}
	}
	if newest.IsZero() {
		newest = p.newest()
	}
	return o.Product + ":" + newest.String(), nil
}

// ensureImage pulls the image unless it is there.
func ensureImage(ctx context.Context, c *client.Client, o Options, image string) error {
	_, err := c.ImageInspect(ctx, image)
	if err == nil {
		return nil
	}
	if !errdefs.IsNotFound(err) {
		return fmt.Errorf("inspect image %s: %w", image, err)
	}
	o.Log.Info("pulling the sandbox's image", "image", image)
	bounded, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	if err := pull(bounded, c, image); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("pull image %s: %w", image, context.Cause(ctx))
		}
		return fmt.Errorf("%w: image %s is not here and cannot be pulled: %w; run make images, or use --engine local", ErrNoEngine, image, err)
	}
	return nil
}

func pull(ctx context.Context, c *client.Client, image string) error {
	response, err := c.ImagePull(ctx, image, client.ImagePullOptions{RegistryAuth: registryAuth(ctx, image)})
	if err != nil {
		return err
	}
	return errors.Join(response.Wait(ctx), response.Close())
}

// registryAuth is what docker login stored for the image's registry; without, the pull is anonymous.
func registryAuth(ctx context.Context, image string) string {
	_, auth, err := testcontainers.DockerImageAuth(ctx, image)
	if err != nil {
		return ""
	}
	encoded, err := authconfig.Encode(auth)
	if err != nil {
		return ""
	}
	return encoded
}

// tcpHost is the host in a daemon's address, empty for a socket.
func tcpHost(daemon string) string {
	u, err := url.Parse(daemon)
	if err != nil || u.Scheme == "unix" || u.Scheme == "npipe" {
		return ""
	}
	return u.Hostname()
}
