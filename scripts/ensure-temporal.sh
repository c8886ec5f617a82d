#!/usr/bin/env bash
# Puts Temporal's CLI, whose dev server is the embedded engine, at the path given (a link): the one on the PATH, or else
# one built from the Go module proxy and kept in the user's cache, so that a fresh clone does not build it again.
set -euo pipefail

target=${1:?usage: ensure-temporal.sh PATH}
# Later versions cannot be installed so: their go.mod has a replace directive.
version=v1.5.1

if found=$(command -v temporal); then
	source=$(readlink -f "$found")
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/longshore/temporal-$version
	source=$cache/temporal
	if [ ! -x "$source" ]; then
		echo "building Temporal's CLI $version; this takes some minutes, once" >&2
		mkdir -p "$cache"
		building=$(mktemp -d "$cache/building.XXXXXX")
		trap 'rm -rf "$building"' EXIT
		GOBIN=$building GOFLAGS=-mod=mod go install "github.com/temporalio/cli/cmd/temporal@$version"
		mv "$building/temporal" "$source"
	fi
fi

mkdir -p "$(dirname "$target")"
ln -sfn "$source" "$target"
