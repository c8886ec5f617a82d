// Package activities is the contract between the workflows and the work: the names, inputs, results and error types of
// every activity, and the typed calls that workflows make. It must not know how anything is done; the folders below it
// do, and only the worker wires them in.
package activities
