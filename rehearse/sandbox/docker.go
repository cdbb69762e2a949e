package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// Labels mark a container as a sandbox and name its owner.
const (
	labelSandbox = "io.github.expandcontract.migrate.sandbox"
	labelHost    = "io.github.expandcontract.migrate.owner.host"
	labelPID     = "io.github.expandcontract.migrate.owner.pid"
	labelStart   = "io.github.expandcontract.migrate.owner.start"
)

const (
	// sharedMemory is what parallel plans and index builds may use; Docker's default of 64 MB makes them fail.
	sharedMemory  = 1 << 30
	daemonTimeout = 10 * time.Second
	createTimeout = 60 * time.Second
)

// prepareTestcontainers settles, once for the process, what testcontainers-go reads from its environment and prints
// by itself. Its reaper needs an image that a closed network does not have, and Sweep does the reaper's work: so
// it is off unless TESTCONTAINERS_RYUK_DISABLED=false asks for it.
var prepareTestcontainers = sync.OnceFunc(func() {
	if _, set := os.LookupEnv("TESTCONTAINERS_RYUK_DISABLED"); !set {
		_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true") // the name is valid, so this cannot fail
	}
	tclog.SetDefault(tclog.NewNoopLogger())
})

// debugLog hands what testcontainers-go prints to the caller's log.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Printf(format string, v ...any) {
	d.log.Debug("testcontainers: " + strings.TrimSpace(fmt.Sprintf(format, v...)))
}

// docker is a server in a container of this process's own.
type docker struct {
	id       string // the sandbox's label
	product  product
	image    string
	password string
	client   *client.Client
	ctr      testcontainers.Container
	host     string
	port     int
}

// connect returns a client of a daemon that answers.
func connect(ctx context.Context) (*client.Client, error) {
	prepareTestcontainers()
	// testcontainers-go keeps the outcome of its first search for a daemon for good: a context that the caller
	// cancels would make every later start in this process fail.
	search, cancel := context.WithTimeout(context.WithoutCancel(ctx), daemonTimeout)
	defer cancel()
	c, err := testcontainers.NewDockerClientWithOpts(search)
	if err != nil {
		return nil, fmt.Errorf("%w: no docker daemon answers: %w; start it, or use --engine local", ErrNoEngine, err)
	}
	if _, err := c.Client.Ping(search, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: no docker daemon answers: %w; start it, or use --engine local", ErrNoEngine, err), c.Close())
	}
	return c.Client, ctx.Err()
}

// dockerLauncher finds the daemon and makes sure of the image.
func dockerLauncher(ctx context.Context, o Options, p product) (launcher, error) {
	c, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	image, err := chooseImage(ctx, c, o, p)
	if err == nil {
		err = ensureImage(ctx, c, o, image)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return func(ctx context.Context, password string) (machine, error) {
		return startDocker(ctx, o, p, c, image, password)
	}, nil
}

func startDocker(ctx context.Context, o Options, p product, c *client.Client, image, password string) (_ machine, err error) {
	d := &docker{id: randomHex(6), product: p, image: image, password: password, client: c}
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			defer cancel()
			err = errors.Join(err, d.remove(clean))
		}
	}()
	if err := d.create(ctx, o); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := d.reach(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// create runs the container. Cancelling in the middle of the call would leave it to chance whether the daemon has
// made the container, so the call goes on to its end, and ctx is looked at afterwards.
func (d *docker) create(ctx context.Context, o Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	ctr, err := testcontainers.GenericContainer(whole, testcontainers.GenericContainerRequest{
		ContainerRequest: d.request(),
		Started:          true,
		Logger:           debugLog{o.Log},
	})
	if ctr != nil {
		d.ctr = ctr
	}
	if err != nil {
		return fmt.Errorf("run a container of %s: %w", d.image, err)
	}
	return ctx.Err()
}

func (d *docker) request() testcontainers.ContainerRequest {
	labels := currentOwner().labels()
	labels[labelSandbox] = d.id
	env, command := d.product.container(d.password)
	return testcontainers.ContainerRequest{
		Image:              d.image,
		ExposedPorts:       []string{d.serverPort()},
		Cmd:                command,
		Labels:             labels,
		Env:                env,
		HostConfigModifier: func(h *container.HostConfig) { h.ShmSize = sharedMemory },
	}
}

// reach waits until the server answers and keeps the address it answered at.
func (d *docker) reach(ctx context.Context) error {
	for {
		seen, err := d.client.ContainerInspect(ctx, d.ctr.GetContainerID(), client.ContainerInspectOptions{})
		if err != nil {
			return fmt.Errorf("inspect the container: %w", err)
		}
		if state := seen.Container.State; state != nil && !state.Running {
			return fmt.Errorf("the container of %s ended with code %d: %s", d.image, state.ExitCode, d.lastLog(ctx))
		}
		for _, a := range d.addresses(seen.Container) {
			if d.product.answers(ctx, a.host, a.port) {
				d.host, d.port = a.host, a.port
				return nil
			}
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("wait for the server in the container of %s: %w", d.image, err)
		}
	}
}

// endpoint is one place where the server may be reachable.
type endpoint struct {
	host string
	port int
}

// addresses lists where this process might reach the container, the likeliest first. Which one works depends on
// where the process runs: on the daemon's host, in another container, or elsewhere, and nothing tells for sure (a
// file /.dockerenv does not), so each is tried.
func (d *docker) addresses(seen container.InspectResponse) []endpoint {
	if seen.NetworkSettings == nil {
		return nil
	}
	mapped := d.mappedPort(seen.NetworkSettings.Ports)
	if host := os.Getenv("TESTCONTAINERS_HOST_OVERRIDE"); host != "" {
		return []endpoint{{host, mapped}}
	}
	var list []endpoint
	if mapped != 0 {
		list = append(list, endpoint{"127.0.0.1", mapped})
		if host := tcpHost(d.client.DaemonHost()); host != "" {
			list = append(list, endpoint{host, mapped})
		}
	}
	for _, n := range seen.NetworkSettings.Networks {
		if n.IPAddress.IsValid() {
			list = append(list, endpoint{n.IPAddress.String(), d.product.port()})
		}
		if n.Gateway.IsValid() && mapped != 0 {
			list = append(list, endpoint{n.Gateway.String(), mapped})
		}
	}
	return list
}

// serverPort is the port inside the container as Docker writes it.
func (d *docker) serverPort() string { return strconv.Itoa(d.product.port()) + "/tcp" }

func (d *docker) mappedPort(ports network.PortMap) int {
	for _, binding := range ports[network.MustParsePort(d.serverPort())] {
		if port, err := strconv.Atoi(binding.HostPort); err == nil && port != 0 {
			return port
		}
	}
	return 0
}

func (d *docker) address() (string, int) { return d.host, d.port }
func (d *docker) describe() string       { return "docker " + d.image }

// lastLog is the end of the container's output for an error message.
func (d *docker) lastLog(ctx context.Context) string {
	logs, err := d.ctr.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer logs.Close()
	content, _ := io.ReadAll(io.LimitReader(logs, messageLimit))
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(content)), d.password, "***"), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "; ")
}

func (d *docker) crash(ctx context.Context) error {
	id := d.ctr.GetContainerID()
	if _, err := d.client.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		return err
	}
	if _, err := d.client.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
		return err
	}
	return d.reach(ctx)
}

// remove deletes the container and its anonymous volumes. It goes by the label, which is there even when the call
// that created the container failed halfway.
func (d *docker) remove(ctx context.Context) error {
	var errs []error
	if d.ctr != nil {
		err := d.ctr.Terminate(ctx, testcontainers.StopTimeout(0))
		if err == nil {
			return d.client.Close()
		}
		errs = append(errs, err)
	}
	if err := removeContainers(ctx, d.client, labelSandbox+"="+d.id, nil); err != nil {
		return errors.Join(append(errs, err)...)
	}
	return d.client.Close()
}
