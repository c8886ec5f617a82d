// Package display shows runs, results and tables: on a terminal as a view that is redrawn in place, as plain lines, or
// as JSON. It writes to what it is given and must not know the engine, the project's files or exit codes.
package display
