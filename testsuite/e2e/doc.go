// Package e2e deploys with the built programs to real servers, under load, and holds the whole product to what it
// promises: what a deploy does, how every bad input and fault ends, and that nothing is lost or left over.
package e2e
