#!/usr/bin/env bash
# `make demo`: deploys examples/hello to the Docker engine of this machine, then a changed version of it while requests
# go on, and says how many were lost. `make demo-down` (demo.sh down) removes everything it made, and only that.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
demo=${XDG_STATE_HOME:-$HOME/.local/state}/longshore-demo
app=$demo/hello
project=longshore-demo
url=http://localhost:8080
export LONGSHORE_STATE=$demo/state
# The demo has an engine of its own, whatever cluster the user works with.
unset "${!TEMPORAL_@}"
PATH=$repository/bin:$PATH

say() { printf '\n== %s\n' "$*"; }

down() {
	if [ ! -d "$demo" ]; then
		echo "there is no demo to remove"
		return
	fi
	longshore down || true
	longshore-remove "$project" "$demo/host"
	if ! rm -rf "$demo"; then
		echo "some files in $demo belong to root: remove them with sudo rm -rf $demo" >&2
		return 1
	fi
	echo "the demo is gone: its containers, networks, volumes and images, its engine, and $demo"
}

# A copy of the example in a git repository of its own, so that releases are named by commits.
checkout() {
	mkdir -p "$app" "$demo/host"
	cp -R "$repository/examples/hello/." "$app/"
	rm -rf "$app/web/bin" "$app/store/bin"
	sed -e "s/^project: .*/project: $project/" \
		-e "s#address: local,#address: local, state_dir: $demo/host,#" \
		"$repository/examples/hello/longshore.yml" >"$app/longshore.yml"
	git -C "$app" init --quiet
	commit "the example as it is"
}

commit() {
	git -C "$app" add --all
	git -C "$app" -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false \
		commit --quiet --allow-empty --message "$1"
}

greet() { printf '%s\n' "$1" >"$app/web/greeting.txt"; }

deploy() {
	(cd "$app" && ./build.sh && longshore deploy)
}

# The app's page, without asking for curl to be installed.
page() {
	exec 3<>/dev/tcp/127.0.0.1/8080
	printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
	timeout 10 sed -e '1,/^\r$/d' <&3
	exec 3>&-
}

loading=
stop_loading() {
	if [ -n "$loading" ]; then
		kill -INT "$loading" 2>/dev/null || true
		wait "$loading" || return
	fi
}

up() {
	say "an engine with a web UI, and a worker: longshore up -d"
	mkdir -p "$LONGSHORE_STATE"
	longshore up -d

	say "the first release: longshore deploy"
	checkout
	deploy
	page

	say "a changed version, while requests go on: longshore deploy"
	greet "Hello again, from a release made at $(date +%H:%M:%S)."
	commit "greet differently"
	longshore-load -url http://127.0.0.1:8080 -host localhost >"$demo/load.txt" &
	loading=$!
	trap stop_loading EXIT
	deploy
	trap - EXIT
	lost=0
	stop_loading || lost=$?
	page

	say "while it was deployed"
	cat "$demo/load.txt"

	say "have a look"
	echo "the app:                    $url/"
	echo "the deploy, in the web UI:  $(cd "$app" && run_url)"
	echo "the project's files:        $app"
	echo "remove it all:              make demo-down"
	return "$lost"
}

# The web UI's page of the last deploy.
run_url() {
	longshore status -o json | sed -n 's/.*"url": *"\(http[^"]*\/workflows\/[^"]*\)".*/\1/p' | tail -n 1
}

case ${1:-up} in
up) up ;;
down) down ;;
*)
	echo "usage: demo.sh [up|down]" >&2
	exit 2
	;;
esac
