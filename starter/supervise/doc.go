// Package supervise runs the embedded engine and a worker on this machine, and keeps them running: a supervisor process
// that starts Temporal's dev server and longshore-worker, starts either again when it dies, serves the endpoint that
// decodes payloads for the web UI, and takes both along when it ends, however it ends. It must not know what runs on
// them.
package supervise
