package main

import (
	"errors"
	"os"
)

type initCmd struct{}

const configTemplate = `# migrate.yaml: settings of this project. Flags and environment win over it.
dir: migrations

# lock-timeout: 2s     # bound on each wait for a lock of the server's
# lock-budget: 10m     # how long lock timeouts are retried

# Queries of the old and the new code, for migrate compat and migrate rehearse.
# compat:
#   old-queries: queries/old
#   new-queries: queries/new
`

// Run makes what is not there yet and leaves the rest alone.
func (c *initCmd) Run(a *app) error {
	path := a.globals.Config
	if path == "" {
		path = "migrate.yaml"
	}
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		return err
	}
	made, err := writeNew(path, configTemplate)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(struct {
			Schema string `json:"schema"`
			Dir    string `json:"dir"`
			Config string `json:"config"`
			Made   bool   `json:"config_made"`
		}{"migrate.init/v1", a.dir, path, made})
	}
	if made {
		a.printf("wrote %s\n", path)
	}
	a.printf("migrations live in %s; write the first change with `migrate new SLUG`\n", a.dir)
	return nil
}

// writeNew creates a file; false when it is there already, which is left as it is.
func writeNew(path, text string) (bool, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = file.WriteString(text)
	return err == nil, errors.Join(err, file.Close())
}
