package app

import "strings"

// DockerHub is the name of the registry of references that name none.
const DockerHub = "docker.io"

// Registry says where a worker finds the credentials for a registry: the user's name, and the place of the password,
// which is one of four. The password itself never travels.
type Registry struct {
	// Name is the registry as references name it: "ghcr.io", "registry.example.com:5000", DockerHub.
	Name     string `json:"name"`
	Username string `json:"username"`
	// PasswordEnv is a variable of the worker's environment.
	PasswordEnv string `json:"password_env,omitempty"`
	// PasswordFile is an absolute path on the worker's machine; a line break at its end is not part of the password.
	PasswordFile string `json:"password_file,omitempty"`
	// PasswordCommand is a program and its arguments, which prints the password.
	PasswordCommand []string `json:"password_command,omitempty"`
	// PasswordSecret names a secret of the spec; PasswordSealed is its value once the secrets are resolved.
	PasswordSecret string `json:"password_secret,omitempty"`
	PasswordSealed string `json:"password_sealed,omitempty"`
}

// RegistryOf is the name of the registry that an image reference is of.
func RegistryOf(ref string) string {
	first, _, ok := strings.Cut(ref, "/")
	if !ok || (!strings.ContainsAny(first, ".:") && first != "localhost") {
		return DockerHub
	}
	if first == "index.docker.io" {
		return DockerHub
	}
	return strings.ToLower(first)
}

// RepositoryOf is an image reference without its tag and digest, as engines show it: Docker Hub and its own images' folder
// are left out.
func RepositoryOf(ref string) string {
	name, _, _ := strings.Cut(ref, "@")
	if tag := strings.LastIndexByte(name, ':'); tag > strings.LastIndexByte(name, '/') {
		name = name[:tag]
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "index."), DockerHub+"/")
	return strings.TrimPrefix(name, "library/")
}
