// Package app holds the words that every other package shares: sites, hosts, specs, releases, plans and outcomes.
//
// It is plain data with the rules that belong to the data alone. It imports only the standard library and must not
// know how anything is stored, sent, scheduled or shown. All values are safe to copy; none is safe for concurrent writes.
package app
