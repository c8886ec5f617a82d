package bootstrap

import (
	"context"
	"fmt"
	"strings"
)

// deployUser is the login that deploys, with its keys and the right to use the engine and sudo. Without sudo it could
// neither share the state folder with other logins nor bootstrap again, nor run an edge on a port below 1024; and whoever
// may use the engine is root all the same.
type deployUser struct{}

const (
	userSudoers = "/etc/sudoers.d/longshore"
	// userSudo is the rule for a login that follows.
	userSudo = " ALL=(ALL:ALL) NOPASSWD: ALL"
)

func (u deployUser) packages(_ context.Context, m *Machine) ([]string, error) {
	if u.skip(m) != "" {
		return nil, nil
	}
	return []string{"sudo"}, nil
}

func (deployUser) Name() string { return "user" }

const lookAtUser = `
user=$1; sudoers=$2; rule=$3; shift 3
id -- "$user" >/dev/null 2>&1 || { echo missing; exit 0; }
id -nG -- "$user" | tr ' ' '\n' | grep -qx docker || echo "not in the group docker"
home=$(getent passwd -- "$user" | cut -d: -f6)
for key in "$@"; do
	grep -qxF -- "$key" "$home/.ssh/authorized_keys" 2>/dev/null || echo "without a key of yours"
done
[ ! -e "$home/.ssh/authorized_keys" ] || [ "$(stat -c '%U %a' "$home/.ssh/authorized_keys")" = "$user 600" ] || echo "its authorized_keys is open to others"
[ "$(cat -- "$sudoers" 2>/dev/null)" = "$user$rule" ] && [ "$(stat -c '%U %a' "$sudoers")" = "root 440" ] || echo "without sudo"`

func (u deployUser) Look(ctx context.Context, m *Machine) (State, error) {
	user := m.Settings.User
	if skip := u.skip(m); skip != "" {
		return State{Skip: skip}, nil
	}
	if len(m.Settings.PublicKeys) == 0 {
		return State{}, fmt.Errorf("%w: %s would have no key to log in with; set bootstrap.public_keys", ErrSettings, user)
	}
	out, err := m.script(ctx, lookAtUser, append([]string{user, userSudoers, userSudo}, m.Settings.PublicKeys...)...)
	if err != nil {
		return State{}, err
	}
	wanted := user + " in the group docker, with its keys and sudo"
	if out != "" {
		first, _, _ := strings.Cut(out, "\n")
		return State{Is: first, Wanted: wanted}, nil
	}
	return State{Is: wanted, OK: true}, nil
}

const settleUser = `
user=$1; shift
id -- "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash -- "$user"
usermod --append --groups docker -- "$user"
home=$(getent passwd -- "$user" | cut -d: -f6)
group=$(id -gn -- "$user")
install -d -m 700 -o "$user" -g "$group" "$home/.ssh"
touch "$home/.ssh/authorized_keys"
for key in "$@"; do
	grep -qxF -- "$key" "$home/.ssh/authorized_keys" && continue
	if [ -s "$home/.ssh/authorized_keys" ] && [ -n "$(tail -c 1 "$home/.ssh/authorized_keys")" ]; then echo >> "$home/.ssh/authorized_keys"; fi
	printf '%s\n' "$key" >> "$home/.ssh/authorized_keys"
done
chown -- "$user:$group" "$home/.ssh/authorized_keys"
chmod 600 "$home/.ssh/authorized_keys"`

func (deployUser) Settle(ctx context.Context, m *Machine) error {
	user := m.Settings.User
	if _, err := m.script(ctx, settleUser, append([]string{user}, m.Settings.PublicKeys...)...); err != nil {
		return err
	}
	return m.write(ctx, userSudoers, user+userSudo+"\n", 0o440)
}

func (deployUser) skip(m *Machine) string {
	if user := m.Settings.User; user == "" || user == "root" {
		return "bootstrap.user names none, so deploys use the login that the host has"
	}
	return ""
}
