package container

import (
	"net/netip"
	"testing"
)

func TestParseRoutes(t *testing.T) {
	table := `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010011AC	0003	0	0	0	00000000	0	0	0
eth0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
br-1	0000D50A	00000000	0001	0	0	0	00FFFFFF	0	0	0
bad	zz	00000000	0001	0	0	0	00FFFFFF	0	0	0
`
	got := parseRoutes(table)
	want := []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("10.213.0.0/24")}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, not %v (the default route is no range)", got, want)
	}
}

func TestChooseSubnet(t *testing.T) {
	tests := map[string]struct {
		taken []string
		first byte
		want  string
	}{
		"all free":        {nil, 0, "10.213.0.0/24"},
		"its own place":   {nil, 77, "10.213.77.0/24"},
		"first is routed": {[]string{"10.213.0.0/24"}, 0, "10.213.1.0/24"},
		"past the end":    {[]string{"10.213.255.0/24"}, 255, "10.213.0.0/24"},
		"a wide route":    {[]string{"10.213.0.0/16"}, 0, "10.214.0.0/24"},
		"a host route":    {[]string{"10.213.0.7/32"}, 0, "10.213.1.0/24"},
		"everything":      {[]string{"10.0.0.0/8"}, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var taken []netip.Prefix
			for _, p := range test.taken {
				taken = append(taken, netip.MustParsePrefix(p))
			}
			got, err := chooseSubnet(taken, test.first)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
