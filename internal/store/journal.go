package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Journal is the record of who has seen values, on this machine: a file of one JSON object a line. What changes a secret is
// in the secret's own file. It may be used by any number of processes at once.
type Journal struct {
	Path string
}

// Reading says who has seen a value.
type Reading struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	Scope   string    `json:"scope"` // app.SecretScope.Of
	Name    string    `json:"name"`
	Version int       `json:"version"`
}

// Add writes a reading, before the value is shown.
func (j Journal) Add(r Reading) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	unlock, err := lock(filepath.Dir(j.Path), privateFolder)
	if err != nil {
		return fmt.Errorf("write the record of readings: %w", err)
	}
	defer unlock()
	file, err := os.OpenFile(j.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, privateFile)
	if err != nil {
		return fmt.Errorf("write the record of readings: %w", err)
	}
	line = append(line, '\n')
	if cutOff(file) {
		line = append([]byte{'\n'}, line...)
	}
	_, err = file.Write(line)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the record of readings: %w", err)
	}
	return nil
}

// cutOff says whether the last writer died within its line.
func cutOff(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// Of are the readings of a secret, oldest first; none where there is no file. A line that is cut off is left out.
func (j Journal) Of(scope, name string) ([]Reading, error) {
	file, err := os.Open(j.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of readings: %w", err)
	}
	defer func() { _ = file.Close() }()
	var out []Reading
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var r Reading
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Scope == scope && r.Name == name {
			out = append(out, r)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the record of readings %s: %w", j.Path, err)
	}
	return out, nil
}
