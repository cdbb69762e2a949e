package sandbox

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// run executes a client program inside the container. It goes over TCP, because the image's entrypoint answers on
// the socket already while it still initialises.
func (d *docker) run(ctx context.Context, c command) error {
	created, err := d.client.ExecCreate(ctx, d.ctr.GetContainerID(), client.ExecCreateOptions{
		Cmd:          append([]string{c.name}, c.args...),
		Env:          d.product.environment("127.0.0.1", d.product.port(), d.password),
		AttachStdin:  c.stdin != nil,
		AttachStdout: true,
		AttachStderr: true,
	})
	if err != nil {
		return fmt.Errorf("run %s in the container: %w", c.name, err)
	}
	attached, err := d.client.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return fmt.Errorf("run %s in the container: %w", c.name, err)
	}
	defer attached.Close()
	// The connection knows nothing of the context; closing it ends the copies, and the program with its input.
	defer context.AfterFunc(ctx, attached.Close)()
	messages := &head{limit: messageLimit}
	if err := d.exchange(c, attached, messages); err != nil || ctx.Err() != nil {
		return outcome(ctx, c, errors.Join(err, ctx.Err()), messages)
	}
	ended, err := d.client.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
	if err != nil {
		return fmt.Errorf("run %s in the container: %w", c.name, err)
	}
	if ended.ExitCode != 0 {
		err = fmt.Errorf("exit status %d", ended.ExitCode)
	}
	return outcome(ctx, c, err, messages)
}

// exchange copies the streams until the program has closed its output. A program that ends early leaves the rest of
// its input unread, which is no error: its exit code tells.
func (d *docker) exchange(c command, attached client.ExecAttachResult, messages io.Writer) error {
	fed := make(chan error, 1)
	go func() {
		if c.stdin == nil {
			fed <- nil
			return
		}
		reader := &remember{r: c.stdin}
		_, _ = io.Copy(attached.Conn, reader)
		_ = attached.CloseWrite()
		fed <- reader.err
	}()
	stdout := c.stdout
	if stdout == nil {
		stdout = io.Discard
	}
	_, err := stdcopy.StdCopy(stdout, messages, attached.Reader)
	if err != nil {
		return err
	}
	// Ends a copy that is stuck on a program which no longer reads.
	attached.Close()
	if closer, ok := c.stdin.(io.Closer); ok {
		_ = closer.Close()
	}
	return <-fed
}

// remember tells a failure to read the input from one to write it.
type remember struct {
	r   io.Reader
	err error
}

func (r *remember) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrClosedPipe) {
		r.err = err
	}
	return n, err
}

// place copies a dump into the container, so that pg_restore can seek in it and use several jobs.
func (d *docker) place(ctx context.Context, source string) (string, func(context.Context) error, error) {
	target := path.Join("/tmp", "snapshot-"+randomHex(4))
	release := func(ctx context.Context) error {
		return d.run(ctx, command{name: "rm", args: []string{"-rf", target}})
	}
	source, err := filepath.EvalSymlinks(source)
	if err != nil {
		return "", nil, err
	}
	reader, writer := io.Pipe()
	go func() {
		archive := tar.NewWriter(writer)
		err := writeTree(archive, source, path.Base(target))
		writer.CloseWithError(errors.Join(err, archive.Close()))
	}()
	_, err = d.client.CopyToContainer(ctx, d.ctr.GetContainerID(), client.CopyToContainerOptions{DestinationPath: "/tmp", Content: reader})
	_ = reader.CloseWithError(context.Canceled) // lets the writer end when the daemon stopped reading
	if err != nil {
		return "", nil, fmt.Errorf("copy %s into the container: %w", filepath.Base(source), err)
	}
	return target, release, nil
}

// writeTree writes a file or a folder of files to the archive under another name.
func writeTree(archive *tar.Writer, source, name string) error {
	return filepath.WalkDir(source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, file)
		if err != nil {
			return err
		}
		header, err := tar.FileInfoHeader(info, "")
		if err != nil {
			return err
		}
		header.Name = path.Join(name, filepath.ToSlash(relative))
		header.Uid, header.Gid, header.Mode = 0, 0, 0o755
		if err := archive.WriteHeader(header); err != nil || info.IsDir() {
			return err
		}
		return copyFile(archive, file)
	})
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
