package ssh

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
)

// address is "[user@]name[:port]" taken apart; what it does not say is empty or 0.
type address struct {
	user string
	name string
	port int
}

// parseAddress reads an address. An IPv6 address with a port stands in brackets.
func parseAddress(text string) (address, error) {
	wrong := func(why string) (address, error) {
		return address{}, fmt.Errorf("%w: the address %q is not [user@]name[:port]: %s", host.ErrSettings, text, why)
	}
	a := address{name: text}
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		a.user, a.name = text[:at], text[at+1:]
		if a.user == "" {
			return wrong("the user is empty")
		}
	}
	if name, port, err := net.SplitHostPort(a.name); err == nil {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return wrong("the port is not a number from 1 to 65535")
		}
		a.name, a.port = name, int(number)
	} else if inner, ok := strings.CutPrefix(a.name, "["); ok {
		a.name = strings.TrimSuffix(inner, "]")
	}
	switch {
	case a.name == "":
		return wrong("the name is empty")
	case strings.HasPrefix(a.name, "-") || strings.ContainsAny(a.name, " \t\r\n/\x00[]"):
		return wrong("the name has a character that no host's name has")
	}
	return a, nil
}

// String is the address as a user would write it.
func (a address) String() string {
	text := a.name
	if a.port != 0 {
		text = net.JoinHostPort(a.name, strconv.Itoa(a.port))
	}
	if a.user != "" {
		text = a.user + "@" + text
	}
	return text
}
