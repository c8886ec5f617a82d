#!/usr/bin/env bash
# Builds the two static binaries that the Dockerfiles copy. With a registry at hand, a Dockerfile would rather begin
# with a Go image and do this itself; so the example also works where there is none.
set -euo pipefail
cd "$(dirname "$0")"
export CGO_ENABLED=0
for part in web store; do
	go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$part/bin/$part" "./$part"
done
