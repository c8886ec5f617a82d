// Package bootstrap turns a bare server into a hardened host, item by item: each looks, changes only what differs, and
// looks again. It works through commands on the machine alone. It must not know who calls it, in what order runs go, or
// how a report is shown.
package bootstrap
