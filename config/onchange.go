package config

import (
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

const onChangeAdvice = "write restart, none, or { signal: SIGHUP }"

// signals are those that a program can be told by. SIGKILL and SIGSTOP tell it nothing.
func signals() []string {
	return []string{
		"SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGALRM", "SIGCONT", "SIGPIPE", "SIGTSTP", "SIGTTIN", "SIGTTOU",
		"SIGURG", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
	}
}

// readOnChange reads what a new version of a secret does; nil where nothing is said of it.
func readOnChange(f *fields) *app.OnChange {
	const key = "on_change"
	v, ok := f.get(key)
	if !ok {
		return nil
	}
	switch v := v.(type) {
	case string:
		known := []string{app.OnChangeRestart, app.OnChangeNone}
		if !slices.Contains(known, v) {
			advice := didYouMean(v, known)
			if advice == "" {
				advice = onChangeAdvice
			}
			f.report.add(f.path.with(key), "must be restart, none or a signal, not "+describe(v), advice)
			return nil
		}
		return &app.OnChange{Action: v}
	case map[string]any:
		below := f.sub(key)
		name := below.text("signal")
		below.done()
		switch {
		case name == "" && !f.report.has(below.path):
			f.report.add(below.path, "names no signal", onChangeAdvice)
		case name != "" && !slices.Contains(signals(), name):
			advice := didYouMean(strings.ToUpper(name), signals())
			if slices.Contains(signals(), "SIG"+strings.ToUpper(name)) {
				advice = didYouMean("SIG"+strings.ToUpper(name), signals())
			}
			f.report.add(below.path.with("signal"), "there is no such signal to send: "+name, advice)
		}
		return &app.OnChange{Action: app.OnChangeSignal, Signal: name}
	}
	f.report.add(f.path.with(key), "must be restart, none or a signal, not "+describe(v), onChangeAdvice)
	return nil
}

// checkOnChange refuses what could not be done under running containers.
func (t *translator) checkOnChange(e extension, out app.Service, path keyPath) {
	if e.onChange == nil || t.has(path) {
		return
	}
	if len(out.Container.Secrets) == 0 {
		t.add(path, "the service has no secrets", "remove it")
		return
	}
	if e.onChange.Action == app.OnChangeRestart {
		return
	}
	for _, have := range out.Container.Secrets {
		switch {
		case have.Env != "":
			t.add(path, "the secret "+have.Name+" is a variable, which only a new container gets", "use restart, or bring it in as a file by secrets")
			return
		case !inSecretsFolder(have.Target):
			t.add(path, "the file "+have.Target+" is mounted by itself, and only a new container gets another", "use restart, or a target in "+app.SecretsFolder)
			return
		}
	}
}
