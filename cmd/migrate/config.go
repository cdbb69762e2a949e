package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
)

// config is migrate.yaml. Paths in it are relative to the file.
type config struct {
	Dir         string         `yaml:"dir"`
	Wait        *time.Duration `yaml:"wait"`
	LockTimeout *time.Duration `yaml:"lock-timeout"`
	LockBudget  *time.Duration `yaml:"lock-budget"`
	Compat      compatConfig   `yaml:"compat"`
	Rehearse    rehearseConfig `yaml:"rehearse"`
}

type compatConfig struct {
	OldQueries string `yaml:"old-queries"`
	NewQueries string `yaml:"new-queries"`
}

type rehearseConfig struct {
	Engine string `yaml:"engine"`
	Image  string `yaml:"image"`
}

// loadConfig reads the file; the default one may be absent. Unknown keys are errors.
func loadConfig(path string) (config, error) {
	var c config
	explicit := path != ""
	if !explicit {
		path = "migrate.yaml"
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !explicit {
		return c, nil
	}
	if err != nil {
		return c, usagef("run `migrate init` to write one", "read the configuration: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return c, usagef("", "%s: %s", path, yaml.FormatError(err, false, false))
	}
	base := filepath.Dir(path)
	for _, p := range []*string{&c.Dir, &c.Compat.OldQueries, &c.Compat.NewQueries} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	return c, nil
}

// first returns the first value that is given.
func first[T any](fallback T, given ...*T) T {
	for _, g := range given {
		if g != nil {
			return *g
		}
	}
	return fallback
}
