// Package docker is a host's Docker engine over any connection: it translates between the words of package app and the
// Docker Engine API, from API 1.41 (Docker 20.10) on. It must not know what a deploy is, how the engine is reached, or
// whether it is near; a caller hands it a function that dials.
package docker
