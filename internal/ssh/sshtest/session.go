package sshtest

import (
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"
)

func encode(block *pem.Block) []byte { return pem.EncodeToMemory(block) }

func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	s.logins.Add(1)
	go ssh.DiscardRequests(requests)
	var open atomic.Int64
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			go s.session(channel, &open)
		case "direct-tcpip":
			go s.forwardTCP(channel)
		case "direct-streamlocal@openssh.com":
			go s.forwardUnix(channel)
		default:
			_ = channel.Reject(ssh.UnknownChannelType, "unknown")
		}
	}
}

func (s *Server) session(request ssh.NewChannel, open *atomic.Int64) {
	limit := int64(s.MaxSessions)
	if limit == 0 {
		limit = 10
	}
	if open.Add(1) > limit {
		open.Add(-1)
		_ = request.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	if now := s.sessions.Add(1); now > s.peak.Load() {
		s.peak.Store(now)
	}
	// A session counts until its client can know of its end.
	ended := func() { open.Add(-1); s.sessions.Add(-1) }
	channel, requests, err := request.Accept()
	if err != nil {
		ended()
		return
	}
	defer channel.Close()
	defer ended()
	var once sync.Once
	done := make(chan struct{})
	for {
		select {
		case <-done:
			return
		case r, ok := <-requests:
			if !ok {
				return
			}
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			var line struct{ Command string }
			err := ssh.Unmarshal(r.Payload, &line)
			_ = r.Reply(err == nil, nil)
			if err == nil {
				once.Do(func() { go func() { s.execute(channel, line.Command); close(done) }() })
			}
		}
	}
}

// execute runs a command as sshd does: by the login's shell, with pipes that end with the connection.
func (s *Server) execute(channel ssh.Channel, line string) {
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+s.Path+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	if err := cmd.Start(); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(stdin, channel)
		_ = stdin.Close()
	}()
	err = cmd.Wait()
	code := uint32(0)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = uint32(exit.ExitCode())
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + uint32(status.Signal())
		}
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
}

func (s *Server) forwardTCP(request ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(request.ExtraData(), &to); err != nil || s.NoTCP {
		_ = request.Reject(ssh.Prohibited, "administratively prohibited")
		return
	}
	relay(request, "tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
}

func (s *Server) forwardUnix(request ssh.NewChannel) {
	var to struct {
		Path     string
		Reserved string
		Unused   uint32
	}
	// sshd gives the same answer to whatever goes wrong.
	if err := ssh.Unmarshal(request.ExtraData(), &to); err != nil || s.NoUnix {
		_ = request.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	relay(request, "unix", to.Path)
}

func relay(request ssh.NewChannel, network, address string) {
	conn, err := net.Dial(network, address)
	if err != nil {
		_ = request.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	defer conn.Close()
	channel, requests, err := request.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(conn, channel)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, _ = io.Copy(channel, conn)
}
