// Package memory is a host that exists only in memory, for tests: files, locks, commands, sockets and a simulated
// engine whose containers behave as they are told. It keeps the contract of host.Host, fails on request, and remembers
// what was asked of it. It must not be used outside tests.
package memory
