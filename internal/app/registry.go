package app

import "strings"

// DockerHub is the name of the registry of references that name none.
const DockerHub = "docker.io"

// Registry says where a worker finds the credentials for a registry: the user's name, and the place of the password,
// which is one of three. The password itself never travels.
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
