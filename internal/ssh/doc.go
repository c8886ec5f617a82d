// Package ssh reaches a host over SSH: one kept-alive connection a host that every command, lock and forwarded socket
// shares, dialled when it is first needed and again after it broke. It reads the user's SSH configuration, agent, keys
// and known hosts, and never trusts a host that they do not vouch for. It must not know what the commands are for.
//
// Errors wrap host.ErrUnreachable, host.ErrRefused, host.ErrHostKey or host.ErrSettings; only the first is worth a retry.
package ssh
