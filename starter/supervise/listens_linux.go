package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// listens says whether a process listens on a TCP port of the loopback address. Two programs that looked for a free port
// at the same moment may have chosen the same one, and then something answers on it that is not ours.
//
// The kernel lists listening sockets by inode in /proc/net/tcp (state 0A), and a process's open files in /proc/PID/fd.
func listens(pid, port int) (bool, error) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return false, fmt.Errorf("find out who listens on port %d: %w", port, err)
	}
	inode := listener(string(table), port)
	if inode == "" {
		return false, nil
	}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return false, fmt.Errorf("find out who listens on port %d: %w", port, err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && target == "socket:["+inode+"]" {
			return true, nil
		}
	}
	return false, nil
}

// listener is the inode of the socket that listens on 127.0.0.1 and a port; empty for none.
func listener(table string, port int) string {
	local := fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 9 && fields[1] == local && fields[3] == "0A" {
			return fields[9]
		}
	}
	return ""
}
