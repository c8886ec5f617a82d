package bootstrap

import (
	"context"
	"fmt"
	"strings"
)

// sshd lets nobody in by password, and keeps open what Longshore needs: forwarding of the engine's socket.
type sshd struct{}

// sshdPath sorts before cloud-init's drop-in: of two values for one key, sshd takes the first (sshd_config(5)).
const sshdPath = "/etc/ssh/sshd_config.d/00-longshore.conf"

// sshdWanted are the keys and values, as `sshd -T` prints them.
var sshdWanted = [][2]string{
	{"passwordauthentication", "no"},
	{"kbdinteractiveauthentication", "no"},
	{"permitrootlogin", "without-password"},
	{"x11forwarding", "no"},
	{"allowstreamlocalforwarding", "yes"},
	{"disableforwarding", "no"},
}

const sshdText = `PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
X11Forwarding no
AllowStreamLocalForwarding yes
DisableForwarding no
`

func (sshd) Name() string { return "ssh" }

func (s sshd) Look(ctx context.Context, m *Machine) (State, error) {
	if m.At.Local() {
		return State{Skip: skipLocal}, nil
	}
	const wanted = "logins by key alone, forwarding of sockets allowed"
	effective, err := m.script(ctx, `"$(command -v sshd || echo /usr/sbin/sshd)" -T`)
	if err != nil {
		return State{}, err
	}
	if differs := sshdDiffers(effective); len(differs) > 0 {
		return State{Is: strings.Join(differs, ", "), Wanted: wanted}, nil
	}
	text, _, err := m.read(ctx, sshdPath)
	if err != nil {
		return State{}, err
	}
	if text != sshdText {
		return State{Is: "so, but not by a file of Longshore's", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

// sshdDiffers are the effective settings that are not as wanted, "key value". A key that this sshd does not know is none.
func sshdDiffers(effective string) []string {
	have := map[string]string{}
	for line := range strings.Lines(strings.ToLower(effective)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		have[key] = value
	}
	// Newer ones print the value by its newer name.
	if have["permitrootlogin"] == "prohibit-password" {
		have["permitrootlogin"] = "without-password"
	}
	var out []string
	for _, want := range sshdWanted {
		if value, known := have[want[0]]; known && value != want[1] {
			out = append(out, want[0]+" "+value)
		}
	}
	return out
}

const (
	// includeDropIns has a configuration that was never given drop-ins read them, before all else.
	includeDropIns = `
[ -e /etc/ssh/sshd_config.before-longshore ] || cp -p /etc/ssh/sshd_config /etc/ssh/sshd_config.before-longshore
if ! grep -qiE '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config\.d/\*\.conf' /etc/ssh/sshd_config; then
	{ echo 'Include /etc/ssh/sshd_config.d/*.conf'; cat /etc/ssh/sshd_config; } > /etc/ssh/sshd_config.new
	chmod --reference=/etc/ssh/sshd_config /etc/ssh/sshd_config.new
	mv -f /etc/ssh/sshd_config.new /etc/ssh/sshd_config
fi`
	reloadSSH = `
"$(command -v sshd || echo /usr/sbin/sshd)" -t
systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service`
	undoSSH = `
rm -f ` + sshdPath + `
if [ -e /etc/ssh/sshd_config.before-longshore ]; then cp -p /etc/ssh/sshd_config.before-longshore /etc/ssh/sshd_config; fi
systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service || true
`
)

func (s sshd) Settle(ctx context.Context, m *Machine) error {
	return m.guarded(ctx, s.Name(), undoSSH, func(ctx context.Context) error {
		if _, err := m.script(ctx, includeDropIns); err != nil {
			return err
		}
		if err := m.write(ctx, sshdPath, sshdText, 0o600); err != nil {
			return err
		}
		if _, err := m.script(ctx, reloadSSH); err != nil {
			return fmt.Errorf("sshd refuses its new configuration: %w", err)
		}
		return nil
	})
}

const revertSSH = `
[ -e "$1" ] || exit 3
` + undoSSH + `
rm -f /etc/ssh/sshd_config.before-longshore`

// Revert brings sshd's configuration back as it was.
func (sshd) Revert(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, revertSSH, sshdPath)
	return nothingToRevert(err)
}
