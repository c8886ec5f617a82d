package app

// The labels on everything that Longshore makes on a host. What lacks LabelSite (or LabelRole "edge" or "loader") is not ours and
// is never touched.
const (
	LabelSite    = "dev.longshore.site"    // Site.String
	LabelService = "dev.longshore.service" // the key in the compose file
	LabelRelease = "dev.longshore.release" // the release id, such as 42-a1b2c3d
	LabelReplica = "dev.longshore.replica" // from 1
	LabelConfig  = "dev.longshore.config"  // hash of everything the container was created with
	LabelRole    = "dev.longshore.role"    // one of the Role constants
	LabelNetwork = "dev.longshore.network" // the key in the compose file
	LabelVolume  = "dev.longshore.volume"  // the key in the compose file
	LabelSecrets = "dev.longshore.secrets" // "NAME@version,…", sorted, as the container was made
	LabelVersion = "dev.longshore.version" // of the edge binary
)

// What a container is for.
const (
	RoleService        = "service"
	RoleReleaseCommand = "release-command"
	RoleEdge           = "edge"
	RoleLoader         = "loader" // loads an image that has arrived, and is gone
)
