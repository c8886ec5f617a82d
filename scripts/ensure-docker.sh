#!/usr/bin/env bash
# Makes sure that a Docker engine answers. Where one does, it changes nothing. As root on Debian or Ubuntu it installs
# docker.io where needed and starts dockerd; elsewhere it says what to do.
set -euo pipefail

log=/var/log/longshore-dockerd.log

answers() { docker version >/dev/null 2>&1; }

# A dockerd that was killed leaves its pid file, and the next refuses to start where a process has that pid: another
# program by now, or the dead one while nobody has waited for it (state Z).
forget_killed() {
	local file pid
	for file in /run/docker.pid /run/docker/containerd/containerd.pid; do
		pid=$(cat "$file" 2>/dev/null) || continue
		case $(sed -n 's/^\(Name\|State\):\s*\(\S*\).*/\2/p' "/proc/$pid/status" 2>/dev/null | tr '\n' ' ') in
		"dockerd Z "* | "containerd Z "*) rm -f "$file" ;;
		"dockerd "* | "containerd "*) ;;
		*) rm -f "$file" ;;
		esac
	done
}

start_docker() {
	if [ -d /run/systemd/system ]; then
		systemctl start docker
	else
		echo "starting dockerd, which logs to $log" >&2
		forget_killed
		setsid dockerd >>"$log" 2>&1 </dev/null &
	fi
	for _ in $(seq 120); do
		answers && return 0
		sleep 0.5
	done
	echo "dockerd does not answer after a minute; its log ($log, or journalctl -u docker) may say why" >&2
	return 1
}

if answers; then
	exit 0
fi
if [ -n "${DOCKER_HOST:-}" ]; then
	echo "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "no Docker engine answers (try: docker version). Install Docker, start it, and let this user reach it:" >&2
	echo "https://docs.docker.com/engine/install/. As root on Debian or Ubuntu this script does all of that by itself." >&2
	exit 1
fi
ensure=$(dirname "$0")/ensure-package.sh
"$ensure" dockerd docker.io iptables ca-certificates
# In newer releases the client is a package of its own.
"$ensure" docker docker-cli
answers || start_docker
