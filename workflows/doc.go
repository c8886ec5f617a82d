// Package workflows decides over time: what happens in which order, what is undone when something fails, and how a run
// ends. It imports the activities' contract and internal/app, never an implementation, and must stay deterministic.
package workflows
