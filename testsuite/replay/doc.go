// Package replay holds that workflows follow the histories in workflows/testdata as they did when those were recorded,
// so that a run that is under way while the worker is replaced goes on. Its command record makes them anew.
package replay
