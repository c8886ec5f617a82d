package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
)

// sshd lets nobody in by password, and keeps open what Longshore needs: forwarding of the engine's socket, for the logins
// that it uses.
type sshd struct{}

const (
	// sshdPath sorts before cloud-init's drop-in: of two values for one key, sshd takes the first (sshd_config(5)).
	sshdPath = "/etc/ssh/sshd_config.d/00-longshore.conf"
	// sshdPending is what an unconfirmed drop-in includes. A reboot removes it, and sshd passes over what is not there.
	sshdPending     = "/run/longshore-sshd.conf"
	sshdUnconfirmed = "Include " + sshdPending + "\n"
)

func (sshd) Name() string { return "ssh" }

// sshdTest prints the settings that a login gets, with what Match blocks say of it.
const sshdTest = `
[ -d /run/sshd ] || mkdir -m 755 /run/sshd
"$(command -v sshd || echo /usr/sbin/sshd)" -T -C "user=$1,host=$2,addr=$2"`

// effective are the settings of every login that Longshore uses, by key, all in lower case.
func (s sshd) effective(ctx context.Context, m *Machine, login string) (map[string]string, error) {
	connection, err := m.connection(ctx)
	if err != nil {
		return nil, err
	}
	client := "127.0.0.1"
	if words := strings.Fields(connection); len(words) > 0 {
		client = words[0]
	}
	out, err := m.script(ctx, sshdTest, login, client)
	return sshdSettings(out), err
}

func sshdSettings(text string) map[string]string {
	have := map[string]string{}
	for line := range strings.Lines(strings.ToLower(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		have[key] = value
	}
	return have
}

// sshdAccepts are the values that are as wanted, the first of them ours. A login of root that is shut altogether stays so.
var sshdAccepts = []struct {
	key    string
	values []string
}{
	{"passwordauthentication", []string{"no"}},
	{"kbdinteractiveauthentication", []string{"no"}},
	{"permitrootlogin", []string{"without-password", "prohibit-password", "forced-commands-only", "no"}},
	{"x11forwarding", []string{"no"}},
	{"allowstreamlocalforwarding", []string{"yes", "all", "local"}},
	{"disableforwarding", []string{"no"}},
}

// sshdDiffers are the settings that are not as wanted, "key value". A key that this sshd does not know is none.
func sshdDiffers(have map[string]string) []string {
	var out []string
	for _, want := range sshdAccepts {
		if value, known := have[want.key]; known && !slices.Contains(want.values, value) {
			out = append(out, want.key+" "+value)
		}
	}
	return out
}

// sshdText is the drop-in. root says whether it has to shut root's login by password, which other settings leave open.
func sshdText(root bool, logins []string) string {
	text := "PasswordAuthentication no\nKbdInteractiveAuthentication no\nX11Forwarding no\n"
	if root {
		text += sshdRoot
	}
	return text + sshdMatch + strings.Join(logins, ",") + "\n\tAllowStreamLocalForwarding yes\n\tDisableForwarding no\n"
}

const sshdRoot = "PermitRootLogin prohibit-password\n"

// logins are those that Longshore uses: that of this connection, and the one that deploys.
func (m *Machine) logins(ctx context.Context) ([]string, error) {
	out, err := m.host.Run(ctx, host.Command{Args: []string{"id", "-un"}})
	if err != nil {
		return nil, err
	}
	logins := []string{strings.TrimSpace(string(out.Stdout))}
	if user := m.Settings.User; user != "" && user != logins[0] {
		logins = append(logins, user)
	}
	return logins, nil
}

// wanted is the drop-in that the machine should have, beside the one that it has, and what is not as wanted without
// looking at the text.
func (s sshd) wanted(ctx context.Context, m *Machine) (want, have string, differs []string, err error) {
	logins, err := m.logins(ctx)
	if err != nil {
		return "", "", nil, err
	}
	if have, _, err = m.read(ctx, sshdPath); err != nil {
		return "", "", nil, err
	}
	asked := have
	if have == sshdUnconfirmed {
		if asked, _, err = m.read(ctx, sshdPending); err != nil {
			return "", "", nil, err
		}
	}
	// What our own settings shut looks shut: whether it would be without them, they have to say themselves.
	root := strings.Contains(asked, sshdRoot)
	for _, login := range logins {
		settings, err := s.effective(ctx, m, login)
		if err != nil {
			return "", "", nil, err
		}
		root = root || settings["permitrootlogin"] == "yes"
		for _, d := range sshdDiffers(settings) {
			if !slices.Contains(differs, d) {
				differs = append(differs, d)
			}
		}
	}
	return sshdText(root, withLogins(sshdLogins(asked), logins)), have, differs, nil
}

const sshdMatch = "Match User "

// sshdLogins are the logins that a drop-in of ours names.
func sshdLogins(text string) []string {
	for line := range strings.Lines(text) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), sshdMatch); ok {
			return strings.Split(list, ",")
		}
	}
	return nil
}

// withLogins adds logins to those that are named already: a machine may be reached by several, one after the other.
func withLogins(named, logins []string) []string {
	for _, login := range logins {
		if !slices.Contains(named, login) {
			named = append(named, login)
		}
	}
	return named
}

func (s sshd) Look(ctx context.Context, m *Machine) (State, error) {
	if m.At.Local() {
		return State{Skip: skipLocal}, nil
	}
	const wanted = "logins by key alone, forwarding of sockets allowed"
	want, have, differs, err := s.wanted(ctx, m)
	switch {
	case err != nil:
		return State{}, err
	case len(differs) > 0:
		return State{Is: strings.Join(differs, ", "), Wanted: wanted}, nil
	case have != want:
		return State{Is: "so, but not by a file of Longshore's", Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

const (
	// reloadSSH leaves open connections alone. One that a socket has started loses its listener in a reload, and is restarted.
	reloadSSH = `
for unit in ssh.service sshd.service; do
	systemctl is-active --quiet $unit || continue
	if systemctl is-active --quiet ssh.socket; then systemctl restart $unit; else systemctl reload $unit; fi
	break
done
`
	// changeSSH has sshd read the pending settings before all others. Where none of its services runs, systemd starts one at
	// the next connection, which reads them then.
	changeSSH = `
mkdir before
cp -p /etc/ssh/sshd_config before/
if [ -e ` + sshdPath + ` ]; then cp -p ` + sshdPath + ` before/drop-in; fi
mkdir -p -m 755 /etc/ssh/sshd_config.d
umask 077
echo 'Include ` + sshdPending + `' > ` + sshdPath + `.new
mv -f ` + sshdPath + `.new ` + sshdPath + `
first=$(grep -vE '^[[:space:]]*(#|$)' /etc/ssh/sshd_config | head -n 1)
case $first in
"Include /etc/ssh/sshd_config.d/*.conf" | "Include ` + sshdPath + `") ;;
*)
	[ -e /etc/ssh/sshd_config.before-longshore ] || cp -p /etc/ssh/sshd_config /etc/ssh/sshd_config.before-longshore
	{ echo 'Include ` + sshdPath + `'; cat /etc/ssh/sshd_config; } > /etc/ssh/sshd_config.new
	chmod --reference=/etc/ssh/sshd_config /etc/ssh/sshd_config.new
	mv -f /etc/ssh/sshd_config.new /etc/ssh/sshd_config ;;
esac
[ -d /run/sshd ] || mkdir -m 755 /run/sshd
"$(command -v sshd || echo /usr/sbin/sshd)" -t` + reloadSSH

	undoSSH = `
[ -e before/sshd_config ] || exit 0
cmp -s before/sshd_config /etc/ssh/sshd_config || cp -p before/sshd_config /etc/ssh/sshd_config
if [ -e before/drop-in ]; then cp -p before/drop-in ` + sshdPath + `; else rm -f ` + sshdPath + `; fi` + reloadSSH
)

func (s sshd) Settle(ctx context.Context, m *Machine) error {
	want, _, _, err := s.wanted(ctx, m)
	if err != nil {
		return err
	}
	if err := m.provesUser(ctx); err != nil {
		return err
	}
	if err := m.write(ctx, sshdPending, want, 0o600); err != nil {
		return err
	}
	if err := m.guarded(ctx, s.Name(), changeSSH, undoSSH); err != nil {
		return err
	}
	// It says what is in force already, so nothing has to be read again.
	return m.write(ctx, sshdPath, want, 0o600)
}

// provesUser logs in as the login that deploys, which would be lost with its password.
func (m *Machine) provesUser(ctx context.Context) error {
	if m.Settings.User == "" {
		return nil
	}
	at := m.At
	at.Address = withUser(at.Address, m.Settings.User)
	err := m.provesLogin(ctx, at)
	if errors.Is(err, host.ErrRefused) {
		return fmt.Errorf("%w: %s cannot log in: %w", ErrUnproven, m.Settings.User, err)
	}
	return err
}

// withUser is an address, in the form of app.Host's, with another login.
func withUser(address, user string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		address = address[at+1:]
	}
	return user + "@" + address
}

const revertSSH = `
[ -e "$1" ] || exit 3
rm -f -- "$1"
sed -i '\#^Include '"$1"'$#d' /etc/ssh/sshd_config` + reloadSSH

// Revert takes the drop-in away, and nothing that others have changed since.
func (sshd) Revert(ctx context.Context, m *Machine) error {
	_, err := m.script(ctx, revertSSH, sshdPath)
	return nothingToRevert(err)
}
