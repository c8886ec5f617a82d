// Package chunk says what a layer is made of: it cuts the content where the content itself says so, so that a change
// moves no cut far from it, and keeps the sums of the pieces as an index. Equal content gives an equal index, wherever it
// is made. It must not know what an index is used for.
package chunk
