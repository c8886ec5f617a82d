package supervise

import "syscall"

// childAttributes have a child killed when the supervisor dies, even of kill -9, and keep a terminal's Ctrl-C from
// reaching it: the supervisor stops its children in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
