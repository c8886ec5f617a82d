package docker

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

var update = flag.Bool("update", false, "write the golden files")

func requestJSON(t *testing.T, c app.Container) string {
	t.Helper()
	config, hostConfig, networking, err := CreateRequest(c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(container.CreateRequest{
		Config: config, HostConfig: hostConfig, NetworkingConfig: networking,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func fullContainer() app.Container {
	yes, swappiness := true, int64(10)
	return app.Container{
		Image: "shop:1", Command: []string{"serve"}, Entrypoint: []string{"/app"}, Env: []string{"A=1"}, User: "1000:1000",
		WorkingDir: "/srv", Hostname: "web", Domainname: "example.com", MacAddress: "02:42:ac:11:00:02",
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}, TTY: true, StdinOpen: true,
		StopSignal: "SIGINT", StopGrace: 1500 * time.Millisecond,
		Healthcheck: &app.Healthcheck{
			Test: []string{"CMD", "/check"}, Interval: time.Second, Timeout: 2 * time.Second,
			StartPeriod: 3 * time.Second, StartInterval: 4 * time.Second, Retries: 5,
		},
		Restart: app.Restart{Name: "on-failure", MaxRetry: 3}, Init: &yes,
		Logging: &app.Logging{Driver: "local", Options: map[string]string{"max-size": "1m"}},
		Mounts: []app.Mount{
			{Type: "volume", Source: "data", Target: "/data", NoCopy: true, Subpath: "sub"},
			{Type: "volume", Source: "cache", Target: "/cache"},
			{Type: "bind", Source: "/etc/shop", Target: "/etc/shop", ReadOnly: true, CreateHostPath: true, Propagation: "rslave"},
			{Type: "bind", Source: "/var/shop", Target: "/var/shop", SELinux: "Z", Consistency: "cached"},
			{Type: "bind", Source: "/srv/x", Target: "/x", Recursive: "readonly", ReadOnly: true, Propagation: "rprivate"},
			{Type: "bind", Source: "/srv/y", Target: "/y", Recursive: "disabled", CreateHostPath: true},
			{Type: "bind", Source: "/srv/a:b", Target: "/z", CreateHostPath: true},
			{Type: "tmpfs", Target: "/run", TmpfsSize: 65536, TmpfsMode: 0o1777},
			{Type: "image", Source: "assets:1", Target: "/assets", Subpath: "dist"},
		},
		Tmpfs: []string{"/tmp:size=1m,mode=700", "/scratch"}, VolumesFrom: []string{"other:ro"}, ReadOnly: true,
		Networks: []app.Attachment{
			{Network: "back", Aliases: []string{"web"}},
			{
				Network: "front", Priority: 10, GatewayPriority: 2, IPv4: "10.0.0.4", IPv6: "fd00::4",
				LinkLocalIPs: []string{"169.254.1.1"}, DriverOpts: map[string]string{"o": "p"},
			},
		},
		Ports: []app.Port{
			{HostIP: "127.0.0.1", Published: "8080", Target: 80},
			{Published: "9000-9010", Target: 80},
			{Target: 53, Protocol: "udp"},
		},
		Expose: []string{"3000/tcp", "4000-4001"}, ExtraHosts: []string{"db:10.0.0.9"},
		DNS: []string{"10.0.0.53"}, DNSSearch: []string{"example.com"}, DNSOptions: []string{"ndots:1"},
		Privileged: true, CapAdd: []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		GroupAdd: []string{"audio"}, Pid: "host", Ipc: "private", Uts: "host", UsernsMode: "host", CgroupnsMode: "private",
		CgroupParent: "/shop", Runtime: "runc", Isolation: "default", Sysctls: map[string]string{"net.core.somaxconn": "1024"},
		Ulimits: []app.Ulimit{{Name: "nofile", Soft: 1, Hard: 2}}, ShmSize: 1 << 20,
		StorageOpt:        map[string]string{"size": "1G"},
		Devices:           []app.Device{{Source: "/dev/fuse", Target: "/dev/fuse2", Permissions: "r"}, {Source: "/dev/kvm"}},
		DeviceCgroupRules: []string{"c 1:3 mr"},
		DeviceRequests: []app.DeviceRequest{
			{Driver: "nvidia", Count: -1, IDs: []string{"0"}, Capabilities: []string{"gpu"}, Options: map[string]string{"q": "r"}},
		},
		Resources: app.Resources{
			NanoCPUs: 1, CPUShares: 2, CPUPeriod: 3, CPUQuota: 4, CPURealtimePeriod: 5, CPURealtimeRuntime: 6, CPUCount: 7,
			CPUPercent: 8, CpusetCpus: "0", Memory: 9, MemoryReservation: 10, MemorySwap: -1, MemorySwappiness: &swappiness,
			Pids: 11, BlkioWeight: 12, BlkioWeightDevice: []app.BlkioWeight{{Path: "/dev/sda", Weight: 13}},
			BlkioReadBps: []app.BlkioRate{{Path: "/dev/sda", Rate: 14}}, BlkioWriteBps: []app.BlkioRate{{Path: "/dev/sda", Rate: 15}},
			BlkioReadIOps: []app.BlkioRate{{Path: "/dev/sda", Rate: 16}}, BlkioWriteIOps: []app.BlkioRate{{Path: "/dev/sda", Rate: 17}},
		},
		OomScoreAdj: -5, OomKillDisable: &yes,
	}
}

func TestCreateRequestGolden(t *testing.T) {
	for name, c := range map[string]app.Container{
		"empty": {Image: "shop:1"},
		"full":  fullContainer(),
		"host":  {Image: "shop:1", NetworkMode: "host", Entrypoint: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			got := requestJSON(t, c)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryFieldCounts clears one field after another, down to the leaves, and wants each to be missed in the request.
func TestEveryFieldCounts(t *testing.T) {
	elsewhere := map[string]string{
		"Platform":    "a parameter of the call",
		"FixedName":   "a parameter of the call",
		"Files":       "refused",
		"Secrets":     "refused",
		"NetworkMode": "instead of networks, in a golden file of its own",
	}
	whole := requestJSON(t, fullContainer())
	var walk func(path string, at func(*app.Container) reflect.Value)
	walk = func(path string, at func(*app.Container) reflect.Value) {
		c := fullContainer()
		value := at(&c)
		switch value.Kind() {
		case reflect.Struct:
			for i := range value.NumField() {
				field := value.Type().Field(i).Name
				walk(path+"."+field, func(c *app.Container) reflect.Value { return at(c).Field(i) })
			}
			return
		case reflect.Pointer:
			if value.Type().Elem().Kind() == reflect.Struct {
				walk(path, func(c *app.Container) reflect.Value { return at(c).Elem() })
				return
			}
		case reflect.Slice:
			if value.Type().Elem().Kind() == reflect.Struct {
				for i := range value.Len() {
					walk(path, func(c *app.Container) reflect.Value { return at(c).Index(i) })
				}
				return
			}
		}
		name := strings.TrimPrefix(path, ".")
		if value.IsZero() || elsewhere[name] != "" || required[name] {
			return
		}
		value.SetZero()
		if requestJSON(t, c) == whole {
			t.Errorf("%s makes no difference", name)
		}
	}
	var c app.Container
	for i := range reflect.TypeOf(c).NumField() {
		field := reflect.TypeOf(c).Field(i).Name
		full := fullContainer()
		if reflect.ValueOf(full).Field(i).IsZero() && elsewhere[field] == "" {
			t.Errorf("the full container lacks %s", field)
		}
	}
	walk("", func(c *app.Container) reflect.Value { return reflect.ValueOf(c).Elem() })
}

// required are the fields without which there is no request.
var required = map[string]bool{
	"Mounts.Type": true, "Mounts.Target": true, "Networks.Network": true, "Ports.Target": true,
	// What makes a read-only mount recursive is refused without it.
	"Mounts.ReadOnly": true,
}

func TestCreateRequestRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		container app.Container
		want      string
	}{
		"files":               {app.Container{Files: []app.File{{Target: "/f"}}}, "file /f has not been turned"},
		"secrets":             {app.Container{Secrets: []app.ServiceSecret{{Name: "S"}}}, "secret S has not been turned"},
		"mode and networks":   {app.Container{NetworkMode: "host", Networks: []app.Attachment{{Network: "a"}}}, "no room for networks"},
		"mode and MAC":        {app.Container{NetworkMode: "none", MacAddress: "02:00:00:00:00:01"}, "no room for a MAC address"},
		"network twice":       {app.Container{Networks: []app.Attachment{{Network: "a"}, {Network: "a"}}}, "network a is given twice"},
		"nameless network":    {app.Container{Networks: []app.Attachment{{}}}, "without a name"},
		"two MACs":            {app.Container{MacAddress: "1", Networks: []app.Attachment{{Network: "a", MacAddress: "2"}}}, "differ"},
		"mount type":          {app.Container{Mounts: []app.Mount{{Type: "disk", Target: "/x"}}}, `unknown type "disk"`},
		"mount target":        {app.Container{Mounts: []app.Mount{{Type: "volume", Source: "v"}}}, "has no target"},
		"SELinux and colon":   {app.Container{Mounts: []app.Mount{{Type: "bind", Source: "/a:b", Target: "/x", SELinux: "z"}}}, "with a colon"},
		"SELinux recursive":   {app.Container{Mounts: []app.Mount{{Type: "bind", Source: "/a", Target: "/x", SELinux: "z", Recursive: "disabled"}}}, "cannot combine"},
		"recursive":           {app.Container{Mounts: []app.Mount{{Type: "bind", Source: "/a", Target: "/x", Recursive: "maybe"}}}, `"maybe" is none of`},
		"recursive read-only": {app.Container{Mounts: []app.Mount{{Type: "bind", Source: "/a", Target: "/x", Recursive: "readonly"}}}, "needs read_only"},
		"expose":              {app.Container{Expose: []string{"web"}}, `exposed port "web"`},
		"port":                {app.Container{Ports: []app.Port{{Published: "80", Target: 70000}}}, "not between 1 and 65535"},
		"rate":                {app.Container{Resources: app.Resources{BlkioReadBps: []app.BlkioRate{{Path: "/dev/sda", Rate: -1}}}}, "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := CreateRequest(test.container)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCreateRequestLeavesItsInputAlone(t *testing.T) {
	c := fullContainer()
	requestJSON(t, c)
	if diff := cmp.Diff(fullContainer(), c); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyEntrypointSurvivesJSON(t *testing.T) {
	data, err := json.Marshal(app.Container{Entrypoint: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	var c app.Container
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if c.Entrypoint == nil {
		t.Error("an entrypoint that clears the image's has become none")
	}
}

func TestFitCreate(t *testing.T) {
	for name, test := range map[string]struct {
		container app.Container
		api, want string
	}{
		"MAC of the first":    {app.Container{MacAddress: "m", Networks: []app.Attachment{{Network: "a"}}}, "1.41", ""},
		"MAC of another":      {app.Container{Networks: []app.Attachment{{Network: "a"}, {Network: "b", MacAddress: "m"}}}, "1.43", "1.44"},
		"annotations":         {app.Container{Annotations: map[string]string{"a": "b"}}, "1.42", "1.43"},
		"subpath":             {app.Container{Mounts: []app.Mount{{Type: "volume", Target: "/x", Subpath: "s"}}}, "1.44", "1.45"},
		"image mount":         {app.Container{Mounts: []app.Mount{{Type: "image", Source: "i", Target: "/x"}}}, "1.47", "1.48"},
		"gateway priority":    {app.Container{Networks: []app.Attachment{{Network: "a", GatewayPriority: 1}}}, "1.47", "1.48"},
		"everything, newest":  {fullContainer(), "1.51", ""},
		"nothing, oldest":     {app.Container{}, "1.41", ""},
		"network mode, older": {app.Container{NetworkMode: "host"}, "1.41", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config, hostConfig, networking, err := CreateRequest(test.container)
			if err != nil {
				t.Fatal(err)
			}
			err = fitCreate(test.api, config, hostConfig, networking)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), "needs Docker API "+test.want)) {
				t.Errorf("error %v, want one of API %q", err, test.want)
			}
		})
	}
	config, hostConfig, networking, err := CreateRequest(app.Container{MacAddress: "m", Networks: []app.Attachment{{Network: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := fitCreate("1.41", config, hostConfig, networking); err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 the only place that an older API has for it
	if config.MacAddress != "m" || networking.EndpointsConfig["a"].MacAddress != "" {
		t.Errorf("the MAC address has not moved to where API 1.41 has it: %+v", networking.EndpointsConfig["a"])
	}
}
