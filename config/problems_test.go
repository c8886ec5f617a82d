package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProblems holds wrong files to the whole of what is said about them.
func TestProblems(t *testing.T) {
	const project = "hosts: {web-1: {address: deploy@192.0.2.1}}\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		o     Options
		want  []string
	}{
		{
			name: "unknown keys name the nearest known one",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    imag: app:1\n    healthcheck: {tset: x}\n" +
				"    networks: {front: {alias: [x]}}\n    x-longshore:\n      healh: {}\n      route: {hst: a, prt: 1}\nservcies: {}\n"},
			want: []string{
				`compose.yaml:3:5: services.web.imag: unknown key; did you mean "image"?`,
				`compose.yaml:4:19: services.web.healthcheck.tset: unknown key; did you mean "test"?`,
				`compose.yaml:5:24: services.web.networks.front.alias: unknown key; did you mean "aliases"?`,
				`compose.yaml:7:7: services.web.x-longshore.healh: unknown key; did you mean "health"?`,
				`compose.yaml:8:15: services.web.x-longshore.route.hst: unknown key; did you mean "host"?`,
				`compose.yaml:8:23: services.web.x-longshore.route.prt: unknown key; did you mean "port"?`,
				`compose.yaml:9:1: servcies: unknown key; did you mean "services"?`,
			},
		},
		{
			name: "wrong types",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    image: 3\n    ports: 80\n    init: {}\n    volumes: [3]\n" +
				"    deploy: {update_config: {order: sideways}}\n    x-longshore:\n      route: {hosts: [shop.example.com, 3], port: x, h2c: maybe, max_body: big}\n" +
				"      health: {within: 3, stable_for: -1s, timeout: 0s}\n      release: /app migrate\n      transfer: carry\n"},
			want: []string{
				`compose.yaml:3:5: services.web.image: must be text, not a number`,
				`compose.yaml:4:5: services.web.ports: must be a list, not a number`,
				`compose.yaml:5:5: services.web.init: must be text or true or false, not a mapping`,
				`compose.yaml:6:15: services.web.volumes[0]: must be a mapping or text, not a number`,
				`compose.yaml:7:30: services.web.deploy.update_config.order: must be one of start-first, stop-first`,
				`compose.yaml:9:41: services.web.x-longshore.route.hosts[1]: must be text, not the number 3`,
				`compose.yaml:9:45: services.web.x-longshore.route.port: must be a whole number, not the text "x"`,
				`compose.yaml:9:54: services.web.x-longshore.route.h2c: must be true or false, not the text "maybe"`,
				`compose.yaml:9:66: services.web.x-longshore.route.max_body: must be a size, not the text "big"; write bytes, or a number with its unit, such as "10mb"`,
				`compose.yaml:10:16: services.web.x-longshore.health.within: must be a duration, not the number 3; write a number with its unit, such as "500ms", "30s" or "2m"`,
				`compose.yaml:10:27: services.web.x-longshore.health.stable_for: must not be negative`,
				`compose.yaml:10:44: services.web.x-longshore.health.timeout: must be more than 0`,
				`compose.yaml:11:7: services.web.x-longshore.release: must be a list, not the text "/app migrate"; write the program and its arguments, such as ["/app", "migrate"]`,
				`compose.yaml:12:7: services.web.x-longshore.transfer: must be one of pull, push`,
			},
		},
		{
			name:  "not YAML",
			files: map[string]string{"compose.yaml": "services:\n  web: [\n"},
			want:  []string{`compose.yaml:2: not valid YAML: did not find expected node content`},
		},
		{
			name:  "a key twice",
			files: map[string]string{"compose.yaml": "services:\n  web: {image: a}\n  web: {image: b}\n"},
			want:  []string{`compose.yaml:3: not valid YAML: mapping key "web" already defined at line 2`},
		},
		{
			name:  "x-longshore elsewhere",
			files: map[string]string{"compose.yaml": "x-longshor: {}\nx-mine: {}\nservices:\n  web:\n    image: a\n    x-longshor: {}\n    x-other: {}\n"},
			want: []string{
				`compose.yaml:1:1: x-longshor: unknown key; did you mean "x-longshore"?`,
				`compose.yaml:6:5: services.web.x-longshor: unknown key; did you mean "x-longshore"?`,
			},
		},
		{
			name: "an included file's own variables",
			files: map[string]string{"compose.yaml": "include: [sub/part.yaml]\n", "sub/.env": "TAG=1\n",
				"sub/part.yaml": "services:\n  part:\n    image: a:${TAG}\n    command: ${OTHER}\n"},
			want: []string{`sub/part.yaml:4:5: services.part.command: the variable ${OTHER} is not set; set it in the environment or in .env, or write ${OTHER:-} where empty is meant`},
		},
		{
			name:  "an env_file that is none",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    image: a\n    env_file: [{path: x.env}]\n", "x.env": "GOOD=1\nPASSWORD=\"hunter2\n"},
			want:  []string{`compose.yaml:4:5: services.web.env_file: the file $DIR/x.env cannot be read, near line 3; write one NAME=value a line, with quotes closed`},
		},
		{
			name:  "no mapping",
			files: map[string]string{"compose.yaml": "- services\n"},
			want:  []string{`compose.yaml:1:1: the file must hold keys and values`},
		},
		{
			name: "variables",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    image: app:${TAG}\n    command: [\"${BAD\"]\n" +
				"  db:\n    image: ${MUST:?say which}\n"},
			want: []string{
				`compose.yaml:3:5: services.web.image: the variable ${TAG} is not set; set it in the environment or in .env, or write ${TAG:-} where empty is meant`,
				`compose.yaml:4:5: services.web.command: holds a variable that cannot be read; write $$ for a dollar sign that is meant as such`,
				`compose.yaml:6:5: services.db.image: required variable MUST is missing a value: say which`,
			},
		},
		{
			name: "the file that holds the key",
			files: map[string]string{
				"compose.yaml":          "include: [sub/part.yaml]\nservices:\n  web:\n    extends: {file: base.yaml, service: base}\n    image: app:1\n    umask: 2\n  db: {image: db}\n",
				"compose.override.yaml": "services:\n  web:\n    umask: 1\n",
				"base.yaml":             "services:\n  base:\n    image: app:1\n    links: [db]\n",
				"sub/part.yaml":         "services:\n  part:\n    image: app:1\n    umask: 3\n",
			},
			want: []string{
				`base.yaml:4:5: services.web.links: cannot be honoured: links are not made; services of a site reach each other by name; use networks.<network>.aliases for another name`,
				`compose.override.yaml:3:5: services.web.umask: cannot be honoured: the engine has no setting for it; set it in the container's own command`,
				`sub/part.yaml:4:5: services.part.umask: cannot be honoured: the engine has no setting for it; set it in the container's own command`,
			},
		},
		{
			name: "names that lead nowhere",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    image: app:1\n    networks: [front]\n    volumes: ['data:/data']\n" +
				"    configs: [motd]\n    depends_on: [db, off]\n  bare: {}\n  off: {image: a, profiles: [off]}\n"},
			want: []string{
				`compose.yaml:4:16: services.web.networks.front: names the network front, which no file defines; define it, or correct the name`,
				`compose.yaml:5:15: services.web.volumes.data: names the volume data, which no file defines; define it, or correct the name`,
				`compose.yaml:6:15: services.web.configs.motd: names the config motd, which no file defines; define it, or correct the name`,
				`compose.yaml:7:18: services.web.depends_on.db: names the service db, which no file defines; define it, or correct the name`,
				`compose.yaml:7:22: services.web.depends_on.off: names the service off, which no profile turns on; turn its profile on by --profile, or set required: false`,
				`compose.yaml:8:3: services.bare: has neither image nor build; say which image it runs, or how to build one`,
			},
		},
		{
			name: "missing files",
			files: map[string]string{"compose.yaml": "include: [gone.yaml]\nservices:\n  web:\n    build: src\n  other:\n    build: {context: ., dockerfile: Other}\n" +
				"  third:\n    build: .\n    configs: [c]\nconfigs: {c: {file: ./c}}\n"},
			want: []string{`compose.yaml:1:11: include: gone.yaml: cannot be read: no such file or directory`},
		},
		{
			name: "missing builds",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    build: src\n  other:\n    build: {context: ., dockerfile: Other}\n" +
				"  third:\n    image: a\n    configs: [c]\nconfigs: {c: {file: ./c}}\n"},
			want: []string{
				`compose.yaml:3:5: services.web.build: the folder $DIR/src is not there`,
				`compose.yaml:5:25: services.other.build.dockerfile: the file $DIR/Other is not there; make it, or name another by build.dockerfile`,
				`compose.yaml:9:15: configs.c.file: $DIR/c cannot be read: no such file or directory`,
			},
		},
		{
			name:  "missing env_file",
			files: map[string]string{"compose.yaml": "services:\n  web:\n    image: a\n    env_file: gone.env\n"},
			want:  []string{`compose.yaml:4:5: services.web.env_file: the file $DIR/gone.env is not there; make it, or write it as {path: …, required: false}`},
		},
		{
			name: "routes by themselves",
			files: map[string]string{"compose.yaml": "services:\n  b:\n    image: b\n    x-longshore:\n      canary: 10%\n      route:\n" +
				"        - {host: 'https://x.example.com', port: 70000, path: b, tls: auto}\n        - {host: '*.example.com', port: 1, strip_prefix: true}\n"},
			want: []string{
				`compose.yaml:5:7: services.b.x-longshore.canary: must be a mapping, not the text "10%"`,
				`compose.yaml:7:12: services.b.x-longshore.route[0].host: must be a host name, not a URL; write a name such as "shop.example.com", or "*" for every name that no other route has`,
				`compose.yaml:7:43: services.b.x-longshore.route[0].port: must be from 1 to 65535, not 70000`,
				`compose.yaml:7:56: services.b.x-longshore.route[0].path: must be a path prefix, not the text "b"; write it as in "/api"; it matches whole segments`,
				`compose.yaml:7:65: services.b.x-longshore.route[0].tls: not supported yet; the edge serves plain HTTP; remove it, and end TLS in front of the edge`,
				`compose.yaml:8:12: services.b.x-longshore.route[1].host: "*" stands alone: names with a "*" inside are not supported; write a name such as "shop.example.com", or "*" for every name that no other route has`,
				`compose.yaml:8:44: services.b.x-longshore.route[1].strip_prefix: has nothing to strip; name the path to strip, or remove it`,
			},
		},
		{
			name: "routes beside each other",
			files: map[string]string{"compose.yaml": "services:\n  a:\n    image: a\n    x-longshore: {route: {host: shop.example.com, port: 80}}\n" +
				"  b:\n    image: b\n    x-longshore:\n      route:\n        - {host: SHOP.example.com, path: /, port: 80}\n" +
				"        - {host: shop.example.com, path: /b, port: 80}\n        - {port: 80}\n        - {host: x.example.com}\n"},
			want: []string{
				`compose.yaml:9:11: services.b.x-longshore.route[0]: shop.example.com/ is routed already, by the service a; give the two different hosts or paths`,
				`compose.yaml:11:11: services.b.x-longshore.route[2]: the route has no hosts; say which names it answers to: hosts: [shop.example.com], or ["*"] for every name`,
				`compose.yaml:12:11: services.b.x-longshore.route[3]: the route has no port; say which port of the container answers: port: 3000`,
			},
		},
		{
			name: "what cannot be together",
			files: map[string]string{"compose.yaml": "services:\n  c:\n    image: c\n    ports: ['80:80']\n    deploy: {replicas: 0, update_config: {order: stop-first}}\n" +
				"    x-longshore: {route: {host: c.example.com, port: 80}}\n" +
				"  d:\n    image: d\n    network_mode: host\n    x-longshore: {route: {host: d.example.com, port: 80}}\n" +
				"  e:\n    image: e\n    x-longshore: {drain: 1s, health: {path: /up}}\n" +
				"  f:\n    image: f\n    ports: ['90:90']\n    scale: 2\n" +
				"  g:\n    image: g\n    container_name: gg\n    deploy: {update_config: {order: start-first}}\n" +
				"  h:\n    image: h\n    container_name: hh\n    x-longshore: {route: {host: h.example.com, port: 80}}\n" +
				"  i:\n    image: i\n    restart: always\n    pull_policy: build\n    labels: {dev.longshore.site: mine}\n    stop_grace_period: 0s\n" +
				"  j:\n    image: j\n    restart: sometimes\n    depends_on: {i: {condition: service_completed_successfully}}\n"},
			want: []string{
				`compose.yaml:4:5: services.c.ports: not possible with a route: two releases of a routed service run side by side; remove it: the edge reaches the container itself`,
				`compose.yaml:5:14: services.c.deploy.replicas: a routed service needs at least one replica`,
				`compose.yaml:5:43: services.c.deploy.update_config.order: a routed service is always started first; remove it`,
				`compose.yaml:9:5: services.d.network_mode: not possible with a route: two releases of a routed service run side by side, each with an address of its own; remove it`,
				`compose.yaml:13:19: services.e.x-longshore.drain: the service has no route, and no requests to drain; give it a route, or remove it`,
				`compose.yaml:13:39: services.e.x-longshore.health.path: the port to ask is not known; add health.port`,
				`compose.yaml:16:5: services.f.ports: only one of the 2 replicas can have it; run one replica, or remove it`,
				`compose.yaml:21:30: services.g.deploy.update_config.order: start-first is not possible with container_name; use stop-first`,
				`compose.yaml:24:5: services.h.container_name: not possible with a route: two releases of a routed service run side by side; remove it`,
				`compose.yaml:28:5: services.i.restart: another service waits for this one to end, and it never would; use "no" or on-failure`,
				`compose.yaml:29:5: services.i.pull_policy: there is no build; add build, or remove it`,
				`compose.yaml:30:14: services.i.labels.dev.longshore.site: labels that begin with dev.longshore. are Longshore's own; choose another name`,
				`compose.yaml:31:5: services.i.stop_grace_period: must be whole seconds, at least one; such as "10s": the engine knows nothing finer`,
				`compose.yaml:34:5: services.j.restart: must be one of no, always, on-failure, unless-stopped`,
			},
		},
		{
			name: "paths of this machine on a server",
			files: map[string]string{"longshore.yml": project, "compose.yaml": "services:\n  web:\n    image: a\n    volumes: ['./src:/src', '~/x:/x', '/srv:/srv']\n" +
				"  db:\n    image: a\n    volumes:\n      - {type: bind, source: ../up, target: /up}\n"},
			o: Options{Site: DefaultSite},
			want: []string{
				`compose.yaml:4:15: services.web.volumes[0]: ./src is a path on this machine, and is not on the host web-1; use configs for files, a named volume for data, or an absolute path of the host`,
				`compose.yaml:4:29: services.web.volumes[1]: ~/x is a path on this machine, and is not on the host web-1; use configs for files, a named volume for data, or an absolute path of the host`,
				`compose.yaml:8:9: services.db.volumes[0]: ../up is a path on this machine, and is not on the host web-1; use configs for files, a named volume for data, or an absolute path of the host`,
			},
		},
		{
			name: "subnets",
			files: map[string]string{"compose.yaml": "services:\n  web: {image: a, networks: [default, front]}\nnetworks:\n" +
				"  default: {ipam: {config: [{subnet: 'fd00::/64'}]}}\n  front: {ipam: {config: [{gateway: 172.28.0.1}, {subnet: wide}]}}\n"},
			want: []string{
				`compose.yaml:4:30: networks.default.ipam.config[0].subnet: the first subnet of the default network must be an IPv4 one`,
				`compose.yaml:5:27: networks.front.ipam.config[0]: names no subnet; add subnet, such as 172.28.0.0/16`,
				`compose.yaml:5:51: networks.front.ipam.config[1].subnet: must be an address and the length of its prefix, not "wide"; such as 172.28.0.0/16`,
			},
		},
		{
			name: "the default network is somebody else's",
			files: map[string]string{"compose.yaml": "services:\n  web: {image: a, x-longshore: {route: {host: a.example.com, port: 1}}}\nnetworks:\n" +
				"  default: {external: true, name: theirs}\n"},
			want: []string{
				`compose.yaml:4:13: networks.default.external: a routed service needs the site's own default network; give the external network another name, and join the services to it`,
			},
		},
		{
			name: "configs too large",
			files: map[string]string{"big": strings.Repeat("x", 700<<10), "compose.yaml": "services:\n  a:\n    image: a\n    configs: [c]\n  b:\n    image: a\n" +
				"    configs: [{source: c, uid: root}]\nconfigs: {c: {file: ./big}}\n"},
			want: []string{
				`compose.yaml:7:15: services.b.configs[0]: the configs of all services hold more than 1 MiB in total; put large files into the image or a volume`,
				`compose.yaml:7:27: services.b.configs[0].uid: must be a number, not "root"; names are known inside the image only`,
			},
		},
		{
			name:  "nothing to deploy",
			files: map[string]string{"compose.yaml": "services:\n  web: {image: a, profiles: [x]}\n"},
			want:  []string{`compose.yaml:1:1: services: there is no service to deploy; define one, or turn on a profile by --profile`},
		},
		{
			name:  "container_name and replicas",
			files: map[string]string{"compose.yaml": "services:\n  web: {image: a, container_name: ww, scale: 2}\n"},
			want:  []string{`compose.yaml:2:19: services.web.container_name: only one replica can have it; run one replica, or remove it`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, c.files)
			if c.o.Site == "" {
				c.o.Host = "local"
			}
			p, err := tryLoad(t, dir, c.o)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, %v", p, err)
			}
			got := strings.Split(strings.ReplaceAll(problems.Error(), dir, "$DIR"), "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
