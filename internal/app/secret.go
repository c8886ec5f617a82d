package app

import "slices"

// Secret is a value that a site needs and nobody may see: it says where the value is found, and once it is resolved, which
// version that is. The value is in it only as a sealed text, which the workers' key ring opens.
type Secret struct {
	// Name is what services ask for.
	Name   string       `json:"name"`
	Source SecretSource `json:"source,omitzero"`
	// Version is the one that was found: a number from 1 in the file store, and a keyed hash of the value ("h2f1c…") where the
	// source has no versions. Empty until it is resolved.
	Version string `json:"version,omitempty"`
	// Scope is where the file store had it, one of the Scope constants; empty for another source.
	Scope string `json:"scope,omitempty"`
	// Sealed is the value for those who have the key ring; see internal/sealed.
	Sealed string `json:"sealed,omitempty"`
}

// SecretSource is where a secret's value comes from, on the worker's machine. The zero value is the file store.
type SecretSource struct {
	// From is one of the From constants.
	From string `json:"from,omitempty"`
	// File is an absolute path: of the value itself (FromFile), or of a file that SOPS has encrypted (FromSOPS).
	File string `json:"file,omitempty"`
	// Key is the dotted path of the value in a SOPS file.
	Key string `json:"key,omitempty"`
	// Variable is of the worker's environment.
	Variable string `json:"variable,omitempty"`
	// Command is a program and its arguments, which prints the value.
	Command []string `json:"command,omitempty"`
}

// The sources of secrets.
const (
	FromStore   = ""        // the file store, by scope
	FromFile    = "file"    // a plain file, which the compose specification allows
	FromSOPS    = "sops"    // a file that SOPS has encrypted
	FromCommand = "command" // what a program prints
	FromEnv     = "env"     // a variable of the worker's environment
)

// SecretScope is one level of the file store.
type SecretScope struct {
	// Kind is one of the Scope constants.
	Kind string `json:"kind"`
	// Of is whose it is: "acme", "acme/shop" or "acme/shop/production".
	Of string `json:"of"`
	// Folder is the scope's folder, absolute, on the worker's machine. It need not exist.
	Folder string `json:"folder"`
	// Recipients is the absolute path of the file that lists whom the folder's secrets are encrypted to.
	Recipients string `json:"recipients"`
}

// The scopes of secrets; the nearest wins.
const (
	ScopeSite         = "site"
	ScopeProject      = "project"
	ScopeOrganization = "organization"
)

// ServiceSecret brings a secret into a service's containers: as a read-only file, or as a variable of their environment.
type ServiceSecret struct {
	Name string `json:"name"`
	// Version is the secret's; the workflow fills it in when the secrets are resolved.
	Version string `json:"version,omitempty"`
	// Env is the variable's name; empty for a file.
	Env string `json:"env,omitempty"`
	// Target is the file's absolute path in the container.
	Target string `json:"target,omitempty"`
	UID    int    `json:"uid,omitempty"`
	GID    int    `json:"gid,omitempty"`
	Mode   uint32 `json:"mode,omitempty"` // 0 means 0444
}

// SecretsFolder is where files of secrets are in a container, unless the compose file names another place. All of it is one
// mount, so that a file in it can change under a container that runs.
const SecretsFolder = "/run/secrets"

// OnChange is what a new version of a secret does to a service that has it as a file in SecretsFolder.
type OnChange struct {
	// Action is one of the OnChange constants; empty means OnChangeRestart.
	Action string `json:"action,omitempty"`
	// Signal is sent to the containers by OnChangeSignal: "SIGHUP".
	Signal string `json:"signal,omitempty"`
}

// What a new version of a secret does to a service.
const (
	OnChangeRestart = "restart" // new containers, by the deploy's own path
	OnChangeSignal  = "signal"  // the files are replaced, and the containers are told by a signal
	OnChangeNone    = "none"    // the files are replaced
)

// InPlace says whether a new version of the secret reaches running containers of the service without new ones.
func (s Service) InPlace(have ServiceSecret) bool {
	return have.Env == "" && (s.OnChange.Action == OnChangeSignal || s.OnChange.Action == OnChangeNone)
}

// Secret finds a secret of the spec by name; one that is not there is empty but for its name.
func (s Spec) Secret(name string) Secret {
	for _, secret := range s.Secrets {
		if secret.Name == name {
			return secret
		}
	}
	return Secret{Name: name}
}

// SecretsOf are the spec's secrets that a service's containers have, sorted by name.
func (s Spec) SecretsOf(service Service) []Secret {
	var out []Secret
	for _, secret := range s.Secrets {
		if slices.ContainsFunc(service.Container.Secrets, func(have ServiceSecret) bool { return have.Name == secret.Name }) {
			out = append(out, secret)
		}
	}
	return out
}

// WantedBy are the names of the services that want a secret, and "build of NAME" and "registry NAME" for those that need
// it otherwise.
func (s Spec) WantedBy(secret string) []string {
	var out []string
	for _, service := range s.Services {
		if slices.ContainsFunc(service.Container.Secrets, func(have ServiceSecret) bool { return have.Name == secret }) {
			out = append(out, service.Name)
		}
		if service.Build != nil && slices.ContainsFunc(service.Build.Secrets, func(b BuildSecret) bool { return b.Secret == secret }) {
			out = append(out, "build of "+service.Name)
		}
	}
	for _, r := range s.Registries {
		if r.PasswordSecret == secret {
			out = append(out, "registry "+r.Name)
		}
	}
	return out
}

// Pin is the spec with these secrets, resolved, in the place of its own of the same names: every part of it that wants one
// gets its version or its sealed value. The receiver is left as it was.
func (s Spec) Pin(secrets []Secret) Spec {
	pinned := map[string]Secret{}
	for _, secret := range secrets {
		pinned[secret.Name] = secret
	}
	s.Secrets = slices.Clone(s.Secrets)
	for i, secret := range s.Secrets {
		if to, ok := pinned[secret.Name]; ok {
			s.Secrets[i] = to
		}
	}
	s.Registries = slices.Clone(s.Registries)
	for i, r := range s.Registries {
		if to, ok := pinned[r.PasswordSecret]; ok && r.PasswordSecret != "" {
			s.Registries[i].PasswordSealed = to.Sealed
		}
	}
	s.Services = slices.Clone(s.Services)
	for i := range s.Services {
		s.Services[i] = s.Services[i].pin(pinned)
	}
	return s
}

func (s Service) pin(pinned map[string]Secret) Service {
	s.Container.Secrets = slices.Clone(s.Container.Secrets)
	for i, have := range s.Container.Secrets {
		if to, ok := pinned[have.Name]; ok {
			s.Container.Secrets[i].Version = to.Version
		}
	}
	if s.Build == nil {
		return s
	}
	b := *s.Build
	b.Secrets = slices.Clone(b.Secrets)
	for i, have := range b.Secrets {
		if to, ok := pinned[have.Secret]; ok && have.Secret != "" {
			b.Secrets[i].Sealed = to.Sealed
		}
	}
	s.Build = &b
	return s
}
