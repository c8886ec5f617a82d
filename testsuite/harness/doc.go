// Package harness runs Longshore for a test as a user's machine would: the built programs, an engine, workers and the
// CLI, in a home folder of the test's own. It kills and restarts them, keeps what they print, and shows it when the
// test fails. It must not know what a deploy is made of; package hosts gives the servers and package load the traffic.
//
// `make build` and `make tools` make the programs that it runs.
package harness
