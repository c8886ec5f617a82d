package hosts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
)

// Release is a Debian release that hosts can run.
type Release string

// The releases: bookworm brings Docker 20.10, trixie 26.1.
const (
	Bookworm Release = "bookworm"
	Trixie   Release = "trixie"
)

// The logins that every host has, with the same key. Root is the default.
const (
	Root = "root"
	// Sudoer may become root with sudo and no password, and may not use the engine's socket otherwise.
	Sudoer = "sudoer"
	// Member is in the docker group and may not become root with sudo.
	Member = "member"
)

// recipe says how an image is made. Its tag is a hash of everything that decides the content.
type recipe struct {
	release    Release
	docker     bool
	database   Database // what runs in the image; empty for a host
	dockerfile string   // without FROM
	on         *recipe  // what it is made from; nil for the plain release
}

const bareDockerfile = `
ENV container=docker DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends \
    ca-certificates dbus iproute2 openssh-server procps sudo systemd systemd-sysv \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
 && groupadd --system docker \
 && useradd --create-home --shell /bin/bash sudoer \
 && useradd --create-home --shell /bin/bash --groups docker member \
 && echo 'sudoer ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/sudoer
STOPSIGNAL SIGRTMIN+3
CMD ["/lib/systemd/systemd"]
`

const installDockerfile = `
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends %s \
 && rm -rf /var/lib/apt/lists/*
`

func bareRecipe(release Release) recipe {
	return recipe{release: release, dockerfile: bareDockerfile}
}

func dockerRecipe(release Release) recipe {
	packages := "docker.io iptables"
	if release == Trixie {
		packages += " docker-cli"
	}
	bare := bareRecipe(release)
	return recipe{release: release, docker: true, dockerfile: fmt.Sprintf(installDockerfile, packages), on: &bare}
}

// with is the recipe with further packages.
func (r recipe) with(packages []string) recipe {
	return recipe{release: r.release, docker: r.docker, dockerfile: fmt.Sprintf(installDockerfile, strings.Join(packages, " ")), on: &r}
}

// content is everything that decides what the image holds.
func (r recipe) content() string {
	if r.on == nil {
		return r.dockerfile
	}
	return r.on.content() + r.dockerfile
}

// tag names the image.
func (r recipe) tag() string {
	name, kind := "host", "bare"
	switch {
	case r.database != "":
		name, kind = "database", string(r.database)
	case r.docker:
		kind = "docker"
	}
	hash := sha256.Sum256([]byte(runtime.GOARCH + "\n" + r.content()))
	return fmt.Sprintf("longshore-test-%s:%s-%s-%s", name, r.release, kind, hex.EncodeToString(hash[:6]))
}
