package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// bootstrapLayer is what one file says of what hosts are to become. Zero fields were not written.
type bootstrapLayer struct {
	path     keyPath // of the mapping
	docker   string
	user     string
	keys     []string // as written: keys, and files that hold one
	firewall *firewallLayer
	rebootAt string // noReboot takes back what lies below
	swap     *int64
	skip     []string // nil where nothing says it
}

// noReboot is the setting of a host that is never rebooted, in spite of what holds for all hosts.
const noReboot = "never"

// loginForm is what useradd takes for a name.
var loginForm = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

const keyAdvice = `write a public key ("ssh-ed25519 AAAA…"), or the file that holds one ("~/.ssh/id_ed25519.pub")`

// readBootstrap reads what hosts are to become: for all hosts, or for one.
func readBootstrap(f *fields) bootstrapLayer {
	b := bootstrapLayer{
		path:     f.path,
		docker:   f.oneOf("docker", app.DockerDistribution, app.DockerUpstream),
		user:     f.text("user"),
		keys:     f.texts("public_keys"),
		firewall: readFirewall(f),
		rebootAt: f.text("reboot_at"),
		skip:     f.texts("skip"),
	}
	if _, ok := f.get("swap"); ok {
		b.swap = new(f.size("swap"))
	}
	f.done()
	if b.user != "" && !loginForm.MatchString(b.user) {
		f.report.add(f.path.with("user"), fmt.Sprintf("%q is not a name for a login", b.user), "logins are made of lower case letters, digits, dashes and underscores, and begin with a letter")
	}
	for i, key := range b.keys {
		if !isKeyFile(key) && !isPublicKey(key) {
			f.report.add(f.path.with("public_keys").item(i), "is not a public key", keyAdvice)
		}
	}
	if _, err := time.Parse("15:04", b.rebootAt); err != nil && b.rebootAt != "" && b.rebootAt != noReboot {
		f.report.add(f.path.with("reboot_at"), fmt.Sprintf("must be a time of day, not %q", b.rebootAt), `write it as "04:00", or "never"`)
	}
	for i, name := range b.skip {
		if !slices.Contains(app.BootstrapItems(), name) {
			f.report.add(f.path.with("skip").item(i), fmt.Sprintf("there is no item %q", name), skipAdvice(name))
		}
	}
	return b
}

func skipAdvice(name string) string {
	if advice := didYouMean(name, app.BootstrapItems()); advice != "" {
		return advice
	}
	return "the items are " + strings.Join(app.BootstrapItems(), ", ")
}

func isKeyFile(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~/")
}

// isPublicKey looks for the form of a line of authorized_keys without options: a type, a key, and what follows.
func isPublicKey(text string) bool {
	kind, key, _ := strings.Cut(text, " ")
	known := strings.HasPrefix(kind, "ssh-") || strings.HasPrefix(kind, "ecdsa-sha2-") || strings.HasPrefix(kind, "sk-")
	return known && strings.HasPrefix(key, "AAAA") && !strings.ContainsAny(text, "\r\n")
}

// over is b with what it does not say taken from the layer below. What a firewall allows adds up.
func (b bootstrapLayer) over(below bootstrapLayer) app.Bootstrap {
	out := app.Bootstrap{Docker: below.docker, User: below.user, PublicKeys: below.keys, RebootAt: below.rebootAt, Skip: below.skip}
	if b.docker != "" {
		out.Docker = b.docker
	}
	if b.user != "" {
		out.User = b.user
	}
	if b.keys != nil {
		out.PublicKeys = b.keys
	}
	if b.rebootAt != "" {
		out.RebootAt = b.rebootAt
	}
	if out.RebootAt == noReboot {
		out.RebootAt = ""
	}
	if b.skip != nil {
		out.Skip = b.skip
	}
	for _, layer := range []bootstrapLayer{below, b} {
		if layer.swap != nil {
			out.Swap = *layer.swap
		}
		if layer.firewall != nil {
			out.Firewall.Off = layer.firewall.off
			out.Firewall.Allow = append(out.Firewall.Allow, layer.firewall.allow...)
		}
	}
	return out
}

// said are the values that a layer sets, by key.
func (b bootstrapLayer) said() map[string]any {
	out := map[string]any{}
	for key, text := range map[string]string{"docker": b.docker, "user": b.user, "reboot_at": b.rebootAt} {
		if text != "" {
			out[key] = text
		}
	}
	for key, texts := range map[string][]string{"public_keys": b.keys, "skip": b.skip} {
		if texts != nil {
			out[key] = texts
		}
	}
	if b.swap != nil {
		out["swap"] = *b.swap
	}
	if b.firewall != nil {
		out["firewall"] = b.firewall.said()
	}
	return out
}
