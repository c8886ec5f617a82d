// Package config turns what a user wrote (the compose file with its x-longshore keys, longshore.yml, the user's own
// settings, the environment and flags) into an app.Spec, or into a list of problems that each name a file, a line and a
// key. Nothing that it cannot honour is ignored in silence. It is the only importer of viper and compose-go, and must
// not know what happens to a spec afterwards: no engine, no host and no Docker is ever asked.
package config
