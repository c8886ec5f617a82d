// Package site holds the workflow that owns a site to what it promises, on a real engine: its queue, its memory, and what
// is left of both when workflows are terminated and reset. The runs are stand-ins that change nothing.
package site
