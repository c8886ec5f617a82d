// Package store keeps secrets in files that are safe to commit, and finds secrets in the places that keep them. It must
// not know what secrets are for, nor how they reach a container.
//
// # The file store
//
// A [Folder] is one scope: a file NAME.json for each secret. It has the secret's versions, oldest first, with their
// metadata in plain text, so that it can be listed and reviewed without a key, and for each version a text that age has
// encrypted to the folder's recipients. A version's value never changes and its number is never used again; only its
// state does. Whoever knows the recipients can set a secret. To read one takes an identity that fits: see [Keys].
//
// Every text holds its secret's name, scope and number, and the file has a check: the digest of all of it, encrypted as
// well. So a text that was put elsewhere, a state that was edited and a version that was taken out are found before a value
// is used. age does not say who encrypted: a person who may change the files and knows the recipients can set a secret
// like anybody else who may. Who may change the files is the repository's to decide, and its history tells.
//
// Writers take turns by a lock on the folder. A file is replaced whole, so that a reader needs no lock, and a writer that
// dies leaves what was there. Files are 0644 and folders 0755, less the umask: they hold nothing that must not be seen.
// Two branches of a repository that changed the same secret always conflict in the check: keep one side's file whole, and
// set the other's value again.
//
// # Other places
//
// A [Source] is any other place. A [Finder] brings both together: it walks the scopes for a secret of the file store and
// asks the source for any other.
package store
