// Package bundle is the form in which an image crosses the wire: a `docker load` archive of our own making that leaves
// out the layers which the far side holds, the same bytes for the same image whatever engine saved it. It must not know
// how a bundle is carried.
//
// A bundle is a tar archive of manifest.json, the configuration as <its SHA-256>.json, and each layer, uncompressed, as
// <its SHA-256>.tar, in this order, base layers first.
package bundle
