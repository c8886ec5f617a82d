package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/reader"
	"github.com/longshore-dev/longshore/starter/supervise"
)

// finding is one line of doctor's report.
type finding struct {
	Host string `json:"host,omitempty"` // empty for this machine
	inspect.Check
}

func (c *cli) doctorCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, the engine and the project's hosts",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) doctor(ctx context.Context, p *projectFlags) error {
	tool, err := loadTool()
	if err != nil {
		return err
	}
	var findings []finding
	add := func(checks ...inspect.Check) {
		for _, check := range checks {
			findings = append(findings, finding{Check: check})
		}
	}
	add(checkPrograms(tool)...)
	add(checkEngine(ctx, tool)...)
	add(
		checkKeyFile("key ring", engine.KeyRingPath(tool.StateDir)), checkKeyFile("identity for secrets", engine.IdentityPath(tool.StateDir)),
		checkAgent(), checkDocker(ctx),
	)
	project, err := p.load(ctx)
	if err != nil {
		add(inspect.Check{Name: "project", Level: inspect.Warn, Detail: err.Error(), Advice: "run doctor in a project's folder to check its hosts too"})
	} else {
		findings = append(findings, checkHosts(ctx, project.Spec)...)
	}
	return c.report(findings)
}

func (c *cli) report(findings []finding) error {
	worst := exit.OK
	var rows [][]string
	for _, f := range findings {
		if f.Level == inspect.Fail {
			worst = exit.Failure
		}
		where := f.Host
		if where == "" {
			where = "this machine"
		}
		detail := strings.ReplaceAll(f.Detail, "\n", " ")
		if f.Advice != "" && f.Level != inspect.OK {
			detail += " → " + f.Advice
		}
		rows = append(rows, []string{string(f.Level), where, f.Name, detail})
	}
	var err error
	if c.format == display.JSON {
		err = display.Object(c.Out, findings)
	} else {
		err = display.Table(c.Out, []string{"", "WHERE", "CHECK", "RESULT"}, rows)
	}
	return errors.Join(err, exit.Quiet(worst))
}

// graded is a check that failed with an error, or went well.
func graded(name, detail string, err error, bad inspect.Level, advice string) inspect.Check {
	if err != nil {
		return inspect.Check{Name: name, Level: bad, Detail: err.Error(), Advice: advice}
	}
	return inspect.Check{Name: name, Level: inspect.OK, Detail: detail}
}

func checkPrograms(tool config.Tool) []inspect.Check {
	worker, workerErr := supervise.FindWorker()
	git, gitErr := exec.LookPath("git")
	checks := []inspect.Check{
		graded("worker program", worker, workerErr, inspect.Fail, ""),
		graded("git", git, gitErr, inspect.Warn, "install git: releases are named by their commit"),
	}
	target, err := engine.Find(engine.Settings{State: tool.StateDir})
	if err == nil && !target.Embedded {
		return checks
	}
	temporal, err := supervise.FindTemporal(tool.StateDir)
	return append(checks, graded("engine program", temporal, err, inspect.Fail, ""))
}

// freshPoll is how old a worker's last question may be: it asks again after a minute at most.
const freshPoll = 90 * time.Second

func checkEngine(ctx context.Context, tool config.Tool) []inspect.Check {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := connect(ctx, tool.StateDir)
	if err != nil {
		return []inspect.Check{graded("engine", "", err, inspect.Fail, "")}
	}
	defer s.Close()
	checks := []inspect.Check{{Name: "engine", Level: inspect.OK, Detail: s.target.Address + ", namespace " + s.target.Namespace}}
	last, err := supervise.LastPoll(ctx, s)
	if err == nil && time.Since(last) > freshPoll {
		err = errors.New("no worker asks the engine for work")
	}
	return append(checks, graded("worker", "asked for work "+display.Ago(last, time.Now()), err, inspect.Fail,
		"run longshore up -d, or start longshore-worker where the engine is not the embedded one"))
}

// checkKeyFile looks at a file of keys, which nobody else may read.
func checkKeyFile(name, path string) inspect.Check {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return graded(name, "none yet; it is made on first use", keyring.Lost(path), inspect.Fail, "")
	case err != nil:
		return graded(name, "", err, inspect.Fail, "")
	case info.Mode().Perm()&0o077 != 0:
		return inspect.Check{
			Name: name, Level: inspect.Warn,
			Detail: fmt.Sprintf("%s can be read by others (mode %o)", path, info.Mode().Perm()),
			Advice: "chmod 600 " + path,
		}
	}
	return inspect.Check{Name: name, Level: inspect.OK, Detail: path}
}

func checkAgent() inspect.Check {
	const name = "SSH agent"
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return inspect.Check{Name: name, Level: inspect.Warn, Detail: "none (SSH_AUTH_SOCK is not set); keys are read from files", Advice: "start ssh-agent where your key has a passphrase"}
	}
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err == nil {
		err = conn.Close()
	}
	return graded(name, socket, err, inspect.Warn, "start ssh-agent, then longshore down and longshore up -d: the worker keeps the agent that it was started with")
}

// checkDocker asks the engine of this machine, which builds images and is the host local.
func checkDocker(ctx context.Context) inspect.Check {
	const name = "Docker"
	socket := app.DefaultDockerSocket
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		path, unix := strings.CutPrefix(host, "unix://")
		if !unix {
			return inspect.Check{Name: name, Level: inspect.OK, Detail: "DOCKER_HOST is " + host + ", which is not looked at from here"}
		}
		socket = path
	}
	client := &http.Client{
		Timeout: 3 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}},
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	var api string
	if err == nil {
		var response *http.Response
		if response, err = client.Do(request); err == nil {
			api = response.Header.Get("Api-Version")
			_ = response.Body.Close()
		}
	}
	return graded(name, socket+", API "+api, err, inspect.Warn, "start Docker on this machine: it builds images, and is the host called local")
}

func checkHosts(ctx context.Context, spec app.Spec) []finding {
	var findings []finding
	r, err := newReader()
	if err == nil {
		request := inspect.Request{Op: inspect.OpCheck, Site: spec.Site, Hosts: spec.Hosts}
		err = reader.Each(ctx, r, request, func(answer inspect.CheckResponse) error {
			for _, check := range answer.Checks {
				findings = append(findings, finding{Host: answer.Host, Check: check})
			}
			if p := answer.Problem; p != nil {
				findings = append(findings, finding{Host: answer.Host, Check: inspect.Check{Name: "host", Level: inspect.Fail, Detail: p.Message, Advice: p.Advice}})
			}
			return nil
		})
	}
	if err != nil {
		findings = append(findings, finding{Check: graded("hosts", "", err, inspect.Fail, "")})
	}
	return findings
}
