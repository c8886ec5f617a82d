package activities

import (
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// RegistryImage names an image of a registry, and who may ask for it.
type RegistryImage struct {
	Service string `json:"service"`
	Ref     string `json:"ref"`
	// Registries say where the worker finds credentials; see app.Spec.
	Registries []app.Registry `json:"registries,omitempty"`
}

// ResolveInput asks a host for the digest of an image.
type ResolveInput struct {
	Target
	RegistryImage
}

// Resolve has a host ask the registry for the digest ("sha256:…") that a reference stands for now.
var Resolve = Step[ResolveInput, string]{
	Name:     "Resolve",
	Policy:   pulling,
	Describe: func(in ResolveInput) (string, string) { return in.Host.Name, "resolve " + shortRef(in.Ref) },
}

// PullInput asks a host to pull an image of a registry.
type PullInput struct {
	Target
	RegistryImage
	// Digest is what the reference stands for in this run; empty leaves it to the registry.
	Digest   string `json:"digest,omitempty"`
	Platform string `json:"platform,omitempty"`
	// Policy is compose's pull_policy.
	Policy string `json:"policy,omitempty"`
}

// Pull has a host pull an image unless it is there already.
var Pull = Step[PullInput, app.Image]{
	Name:     "Pull",
	Policy:   pulling,
	Describe: func(in PullInput) (string, string) { return in.Host.Name, "pull " + shortRef(in.Ref) },
}

// Fetch is Pull on the builder's engine, by the worker beside it, to carry the image from there. The answered image is
// named by a tag.
var Fetch = Step[PullInput, app.Image]{
	Name:     "Fetch",
	Policy:   pulling,
	Describe: func(in PullInput) (string, string) { return "", "fetch " + shortRef(in.Ref) },
}

// NameImageInput names an image on a host by its id.
type NameImageInput struct {
	Target
	Ref string `json:"ref"`
	ID  string `json:"id"`
}

// NameImage gives an image that a host holds a name, which another may have by now. One that is gone stays so.
var NameImage = Step[NameImageInput, Nothing]{
	Name:     "NameImage",
	Policy:   Change,
	Describe: func(in NameImageInput) (string, string) { return in.Host.Name, "name " + shortRef(in.Ref) },
}

// pulling is tried again, since registries and the ways to them fail for a moment.
var pulling = Policy{Attempt: Long.Attempt, Total: Long.Total, Attempts: 3}

// shortRef leaves the registry's name out of a reference.
func shortRef(ref string) string {
	return ref[strings.LastIndex(ref, "/")+1:]
}
