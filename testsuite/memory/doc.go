// Package memory is a world in memory to run workflows in: hosts, edges, a builder and a registry, with the real
// activities on top. Workflow tests run in it in Temporal's test environment, and the recorder of histories on a real
// engine. It must not know what a workflow decides.
//
// The world watches over its users: a request that a deploy would have lost is a violation (see World.Violations).
package memory
