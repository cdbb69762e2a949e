package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// JSON writes the document, indented.
func JSON(w io.Writer, d Document) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// Write leaves one .json and one .txt per snapshot in dir, each whole or not at
// all, and returns their paths. Two snapshots of one name get numbers.
func Write(dir string, d Document) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	used := map[string]bool{}
	var paths []string
	for _, r := range d.Rehearsals {
		name := r.Snapshot.Name
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s-%d", r.Snapshot.Name, n)
		}
		used[name] = true
		one := NewDocument(d.Tool, d.Started, []*Rehearsal{r})
		for ending, render := range map[string]func(io.Writer, Document) error{".json": JSON, ".txt": Text} {
			path := filepath.Join(dir, name+ending)
			if err := writeWhole(path, one, render); err != nil {
				return paths, fmt.Errorf("write the report: %w", err)
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func writeWhole(path string, d Document, render func(io.Writer, Document) error) error {
	var text bytes.Buffer
	if err := render(&text, d); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return err
	}
	_, err = file.Write(text.Bytes())
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
