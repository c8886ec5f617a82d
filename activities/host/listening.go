package host

import (
	"context"
	"slices"
	"strconv"
	"strings"

	machine "github.com/longshore-dev/longshore/internal/host"
)

// listening reads the TCP ports that the host listens on from the kernel's tables (proc_net_tcp in the kernel's
// documentation: the local address is the second column, the state the fourth, and 0A is LISTEN).
func listening(ctx context.Context, h machine.Host) ([]int, error) {
	out, err := h.Run(ctx, machine.Command{Args: []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"}})
	if err != nil {
		return nil, err
	}
	return parseListening(string(out.Stdout)), nil
}

func parseListening(table string) []int {
	var ports []int
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		_, hex, ok := strings.Cut(fields[1], ":")
		if !ok {
			continue
		}
		port, err := strconv.ParseUint(hex, 16, 16)
		if err != nil {
			continue
		}
		ports = append(ports, int(port))
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}
