// Package bundle is the form in which an image crosses the wire: an archive for `docker load`, of our own making, that
// leaves out the layers which the far side holds, the same bytes for the same image whatever engine saved it. It must not
// know how a bundle is carried.
//
// A bundle is a tar archive of documents and then layers, base first, each in blobs/sha256 by its SHA-256. The layers are
// not compressed. Of the documents, manifest.json is for the classic image store, which finds a layer that is left out by
// its chain id; the rest is an OCI image layout for containerd's, which finds it by the digest of its content.
package bundle
