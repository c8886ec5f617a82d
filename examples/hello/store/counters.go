package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// counters are numbers by name, kept in a file to which each change adds one line, the name. It is safe for concurrent
// use. What was counted survives the process; a power cut may cost the last moments.
type counters struct {
	mu     sync.Mutex
	values map[string]int
	file   *os.File
}

func openCounters(path string) (*counters, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	c := &counters{values: map[string]int{}, file: file}
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadString('\n')
		if errors.Is(err, io.EOF) {
			// A line without its end was cut off by a crash: nobody was told that it counted.
			return c, file.Truncate(c.size())
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
		}
		c.values[strings.TrimSuffix(line, "\n")]++
	}
}

// size is the length of the file that the values make.
func (c *counters) size() int64 {
	var n int64
	for name, value := range c.values {
		n += int64(len(name)+1) * int64(value)
	}
	return n
}

func (c *counters) get(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[name]
}

func (c *counters) add(name string) (int, error) {
	if name == "" || strings.Contains(name, "\n") {
		return 0, errors.New("a counter's name is one line")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.file.WriteString(name + "\n"); err != nil {
		return 0, fmt.Errorf("count %s: %w", name, err)
	}
	c.values[name]++
	return c.values[name], nil
}

func (c *counters) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.file.Sync(), c.file.Close())
}
