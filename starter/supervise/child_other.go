//go:build !linux

package supervise

import "syscall"

// childAttributes keep a terminal's Ctrl-C from reaching a child: the supervisor stops its children in order. Only
// Linux can have a child killed when the supervisor dies of kill -9.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
