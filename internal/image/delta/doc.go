// Package delta says a layer as what it shares with others: parts that are copied from layers which the far side holds,
// and the rest as it is. Each copy carries the SHA-256 of its bytes, so that what is rebuilt is right or nothing. It must
// not know where the others come from.
package delta
