package activities

import "github.com/longshore-dev/longshore/internal/app"

// PickBuilder answers the task queue of the worker that took the call. Builds and transfers of one run go there, so
// that the image is where it was built.
var PickBuilder = Step[Nothing, string]{
	Name:     "PickBuilder",
	Policy:   Change,
	Describe: func(Nothing) (string, string) { return "", "pick a builder" },
}

// BuildInput asks for a service's image.
type BuildInput struct {
	// Host is where the engine is that builds.
	Host     app.Host  `json:"host"`
	Site     app.Site  `json:"site"`
	Service  string    `json:"service"`
	Build    app.Build `json:"build"`
	Platform string    `json:"platform,omitempty"`
	// Registries say where the worker finds credentials for images that are built upon; see app.Spec.
	Registries []app.Registry `json:"registries,omitempty"`
	// Tag is the image's name on every host.
	Tag string `json:"tag"`
}

// Build makes a service's image on the builder's engine. An image of the same tag and inputs is found, not built again.
var Build = Step[BuildInput, app.Image]{
	Name:     "Build",
	Policy:   Long,
	Describe: func(in BuildInput) (string, string) { return "", "build " + in.Service },
}

// DiscardBuildInput names images that were built for a run that failed.
type DiscardBuildInput struct {
	Host app.Host `json:"host"`
	Tags []string `json:"tags"`
}

// DiscardBuild untags images on the builder's engine.
var DiscardBuild = Step[DiscardBuildInput, Nothing]{
	Name:     "DiscardBuild",
	Policy:   Undo,
	Describe: func(in DiscardBuildInput) (string, string) { return "", "discard what was built" },
}

// PruneBuildsInput asks for the end of old images on the builder's engine.
type PruneBuildsInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
	// Keep is how many releases' images stay.
	Keep int `json:"keep"`
}

// PruneBuilds untags a site's images of old releases on the builder's engine, where no host's own pruning does it.
var PruneBuilds = Step[PruneBuildsInput, Nothing]{
	Name:     "PruneBuilds",
	Policy:   Change,
	Describe: func(in PruneBuildsInput) (string, string) { return "", "prune the builder's old images" },
}
