package bootstrap

import "testing"

func TestSystems(t *testing.T) {
	const ready = "\nLONGSHORE_APT=yes\nLONGSHORE_SYSTEMD=yes\n"
	tests := map[string]struct {
		text      string
		supported bool
	}{
		"Debian 12":      {"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"" + ready, true},
		"Debian 13":      {"ID=debian\nVERSION_ID=\"13\"" + ready, true},
		"Debian testing": {"PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian" + ready, true},
		"Debian 11":      {"ID=debian\nVERSION_ID=\"11\"" + ready, false},
		"Ubuntu 22.04":   {"ID=ubuntu\nVERSION_ID=\"22.04\"" + ready, true},
		"Ubuntu 20.04":   {"ID=ubuntu\nVERSION_ID=\"20.04\"" + ready, false},
		"Alpine":         {"ID=alpine\nVERSION_ID=3.20.1\n", false},
		"no systemd":     {"ID=debian\nVERSION_ID=\"12\"\nLONGSHORE_APT=yes\n", false},
		"nothing known":  {"", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := parseSystem(test.text)
			if why := s.Unsupported(); (why == "") != test.supported {
				t.Errorf("%+v: %q", s, why)
			}
			if items := s.Items(); (len(items) > 1) != test.supported {
				t.Errorf("items %v", items)
			}
		})
	}
}
