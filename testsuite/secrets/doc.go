// Package secrets holds the tests of secrets and their rotation with a real database and an app that asks it all the
// time.
package secrets
