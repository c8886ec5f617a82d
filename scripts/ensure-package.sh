#!/usr/bin/env bash
# Makes sure that a command exists: ensure-package.sh [--try] COMMAND PACKAGE...
# As root on Debian or Ubuntu it installs the packages where the command is missing; elsewhere it says what to do, or
# with --try leaves things as they are.
set -euo pipefail

try=
if [ "$1" = --try ]; then
	try=yes
	shift
fi
command=$1
shift

if command -v "$command" >/dev/null; then
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing $*" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >/dev/null
	apt-get -qq install -y --no-install-recommends "$@" >/dev/null
elif [ -z "$try" ]; then
	echo "the command $command is missing: install it (in Debian: $*)" >&2
	exit 1
fi
