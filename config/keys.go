package config

import "github.com/longshore-dev/longshore/internal/app"

// The keys of settings that have one value each. Those with a dot belong to a mapping of that name.
const (
	keyProject   = "project"
	keyOrg       = "org"
	keySite      = "site"
	keyHost      = "host"
	keyCompose   = "compose"
	keyProfiles  = "profiles"
	keyKeep      = "keep"
	keyBuildHost = "build_host"
	keyApprove   = "approve"
	keyState     = "state"
	keyEngine    = "engine"
	keyPort      = "engine.port"
	keyUIPort    = "engine.ui_port"
	keyCodecPort = "engine.codec_port"
	keyMaxRate   = "transfer.max_rate"
	keyParallel  = "transfer.parallel"

	// Where the file store of secrets is.
	keyStoreFolder       = "secret_store.folder"
	keyStoreOrganization = "secret_store.organization"

	// keySiteHosts are the names of the site's hosts; not a key of any file by that name.
	keySiteHosts = "site_hosts"

	// The mappings of longshore.yml.
	keyHosts      = "hosts"
	keySites      = "sites"
	keyRegistries = "registries"
	keyTransfer   = "transfer"
	keyBootstrap  = "bootstrap"
	keySecrets    = "secrets"
	keyStore      = "secret_store"
)

// variables are the environment's names for settings.
func variables() map[string]string {
	return map[string]string{
		"LONGSHORE_PROJECT":           keyProject,
		"LONGSHORE_ORG":               keyOrg,
		"LONGSHORE_SITE":              keySite,
		"LONGSHORE_HOST":              keyHost,
		"LONGSHORE_COMPOSE":           keyCompose,
		"LONGSHORE_PROFILES":          keyProfiles,
		"LONGSHORE_KEEP":              keyKeep,
		"LONGSHORE_BUILD_HOST":        keyBuildHost,
		"LONGSHORE_TRANSFER_MAX_RATE": keyMaxRate,
		"LONGSHORE_TRANSFER_PARALLEL": keyParallel,
		"LONGSHORE_STATE":             keyState,
		"LONGSHORE_ENGINE_PORT":       keyPort,
		"LONGSHORE_ENGINE_UI_PORT":    keyUIPort,
		"LONGSHORE_ENGINE_CODEC_PORT": keyCodecPort,
	}
}

// The ports of `longshore up` where nothing says otherwise: the engine's own defaults, and the next free one.
const (
	DefaultEnginePort = 7233
	DefaultUIPort     = 8233
	DefaultCodecPort  = 8234
)

// DefaultSite is the site of a project that names none.
const DefaultSite = "production"

func defaults(state string) map[string]any {
	return map[string]any{
		keyOrg:       app.DefaultOrg,
		keyKeep:      app.DefaultKeep,
		keyParallel:  app.DefaultParallel,
		keyState:     state,
		keyPort:      DefaultEnginePort,
		keyUIPort:    DefaultUIPort,
		keyCodecPort: DefaultCodecPort,

		keyStoreFolder: defaultStoreFolder,
	}
}
