package bootstrap

import (
	"context"
	"fmt"
	"strings"
)

// deployUser is the login that deploys, with its keys and the right to use the engine. It needs no sudo: the state folder
// is its own, and everything else goes through the engine.
type deployUser struct{}

func (deployUser) Name() string { return "user" }

const lookAtUser = `
user=$1; shift
id -- "$user" >/dev/null 2>&1 || { echo missing; exit 0; }
id -nG -- "$user" | tr ' ' '\n' | grep -qx docker || echo "not in the group docker"
home=$(getent passwd -- "$user" | cut -d: -f6)
for key in "$@"; do
	grep -qxF -- "$key" "$home/.ssh/authorized_keys" 2>/dev/null || echo "without a key of yours"
done
[ ! -e "$home/.ssh/authorized_keys" ] || [ "$(stat -c '%U %a' "$home/.ssh/authorized_keys")" = "$user 600" ] || echo "its authorized_keys is open to others"`

func (deployUser) Look(ctx context.Context, m *Machine) (State, error) {
	user := m.Settings.User
	if user == "" || user == "root" {
		return State{Skip: "bootstrap.user names none, so deploys use the login that the host has"}, nil
	}
	if len(m.Settings.PublicKeys) == 0 {
		return State{}, fmt.Errorf("the user %s would have no key to log in with; set bootstrap.public_keys", user)
	}
	out, err := m.script(ctx, lookAtUser, append([]string{user}, m.Settings.PublicKeys...)...)
	if err != nil {
		return State{}, err
	}
	if out != "" {
		first, _, _ := strings.Cut(out, "\n")
		return State{Is: first, Wanted: user + " in the group docker, with its keys"}, nil
	}
	return State{Is: user + " in the group docker, with its keys", OK: true}, nil
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
	_, err := m.script(ctx, settleUser, append([]string{m.Settings.User}, m.Settings.PublicKeys...)...)
	return err
}
