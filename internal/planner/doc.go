// Package planner decides what a deploy does: (desired, observed) -> plan. It is pure: no I/O, no clock, no randomness,
// so that a plan can be printed, recorded and tested. It imports only internal/app and must not know how any step is done.
package planner
