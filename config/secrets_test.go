package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// problemLines are the problems of a project whose only host is this machine.
func problemLines(t *testing.T, files map[string]string, o Options) []string {
	t.Helper()
	dir := write(t, files)
	if o.Host == "" && o.Site == "" {
		o.Host = "local"
	}
	p, err := tryLoad(t, dir, o)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, %v", p, err)
	}
	return strings.Split(strings.ReplaceAll(problems.Error(), dir, "$DIR"), "\n")
}

// TestComposeSecretProblems holds what a compose file says of secrets to what can be done.
func TestComposeSecretProblems(t *testing.T) {
	const defined = "secrets:\n  a: {external: true}\n  b: {external: true}\n  c: {environment: C}\n"
	service := func(lines string) string { return "services:\n  web:\n    image: app:1\n" + lines + defined }
	for _, c := range []struct {
		name    string
		compose string
		want    []string
	}{
		{"names that lead nowhere", service("    secrets: [a, nothing, {source: gone}]\n"), []string{
			`compose.yaml:4:18: services.web.secrets.nothing: names the secret nothing, which no file defines; define it, or correct the name`,
			`compose.yaml:4:27: services.web.secrets.gone: names the secret gone, which no file defines; define it, or correct the name`,
		}},
		{"ids and modes", service("    secrets:\n      - {source: a, uid: root, gid: '-1', mode: 01000}\n      - {source: b, mode: 0}\n      - {source: c, mode: -1}\n"), []string{
			`compose.yaml:5:21: services.web.secrets[0].uid: must be a number, not "root"; names are known inside the image only`,
			`compose.yaml:5:32: services.web.secrets[0].gid: must be a number, not "-1"; names are known inside the image only`,
			`compose.yaml:5:43: services.web.secrets[0].mode: must be a file mode such as 0440`,
			`compose.yaml:6:21: services.web.secrets[1].mode: must be a file mode such as 0440`,
			`compose.yaml:7:21: services.web.secrets[2].mode: must be a file mode such as 0440`,
		}},
		{"types", service("    secrets: {a: b}\n"), []string{`compose.yaml:4:5: services.web.secrets: must be a list, not a mapping`}},
		{"more types", "services:\n  web:\n    image: app:1\n    secrets: [[a], {source: a, trget: b}, 3]\nsecrets:\n  a: [external]\n  b: {external: true, fil: b}\n", []string{
			`compose.yaml:4:15: services.web.secrets[0]: must be a mapping or text, not a list`,
			`compose.yaml:4:32: services.web.secrets[1].trget: unknown key; did you mean "target"?`,
			`compose.yaml:4:43: services.web.secrets[2]: must be a mapping or text, not a number`,
			`compose.yaml:6:3: secrets.a: must be a mapping, not a list`,
			`compose.yaml:7:23: secrets.b.fil: unknown key; did you mean "file"?`,
		}},
		{"targets", service("    volumes: ['data:/run/secrets/data', '/etc/x:/etc/key', '/srv:/srv']\n    tmpfs: [/run/secrets]\n    configs: [{source: f, target: /run/secrets/f}]\n    secrets:\n" +
			"      - {source: a, target: ../a}\n      - {source: b, target: /run/secrets}\n      - {source: c, target: /etc/key}\n      - {source: a, target: x}\n      - {source: b, target: /run/secrets/./x}\n" +
			"      - {source: c, target: x/y}\n      - {source: c, target: /}\nvolumes: {data: }\nconfigs: {f: {content: x}}\n"), []string{
			`compose.yaml:4:15: services.web.volumes[0]: /run/secrets/data is taken by the service's secrets: /run/secrets holds them and nothing else; choose another target`,
			`compose.yaml:4:41: services.web.volumes[1]: /etc/key is the file of the secret c already; give the two different targets`,
			`compose.yaml:5:13: services.web.tmpfs[0]: /run/secrets is the file of the secret b already; give the two different targets`,
			`compose.yaml:6:15: services.web.configs[0]: /run/secrets/f is taken by the service's secrets: /run/secrets holds them and nothing else; choose another target`,
			`compose.yaml:8:21: services.web.secrets[0].target: leads out of /run/secrets; write the absolute path`,
			`compose.yaml:9:21: services.web.secrets[1].target: must be a file, and /run/secrets is a folder that others are in; write a file's path`,
			`compose.yaml:11:21: services.web.secrets[3].target: /run/secrets/x and /run/secrets, the file of the secret b, cannot both be: one would be a folder; choose another target`,
			`compose.yaml:12:21: services.web.secrets[4].target: /run/secrets/x and /run/secrets, the file of the secret b, cannot both be: one would be a folder; choose another target`,
			`compose.yaml:12:21: services.web.secrets[4].target: /run/secrets/x is the file of the secret a already; give the two different targets`,
			`compose.yaml:13:21: services.web.secrets[5].target: /run/secrets/x/y and /run/secrets, the file of the secret b, cannot both be: one would be a folder; choose another target`,
			`compose.yaml:13:21: services.web.secrets[5].target: /run/secrets/x/y and /run/secrets/x, the file of the secret b, cannot both be: one would be a folder; choose another target`,
			`compose.yaml:14:21: services.web.secrets[6].target: must be a file, and / is a folder that others are in; write a file's path`,
		}},
		{"definitions", "services:\n  web:\n    image: app:1\n    secrets: [ghost, both, not-a-name, -dash, key]\n    x-longshore: {secrets: [key]}\n" +
			"  other:\n    image: app:1\n    secrets: [alias]\nsecrets:\n  ghost: {file: ./gone}\n  both: {external: true, file: ./compose.yaml}\n  not-a-name: {external: true, name: not a name}\n" +
			"  -dash: {file: ./compose.yaml}\n  key: {file: ./compose.yaml}\n  alias: {external: true, name: key}\n", []string{
			`compose.yaml:10:11: secrets.ghost.file: the file $DIR/gone is not there`,
			`compose.yaml:11:26: secrets.both.file: has no effect beside external; keep one of them`,
			`compose.yaml:12:32: secrets.not-a-name.name: "not a name" is not a name for a secret; ` + secretNameAdvice,
			`compose.yaml:13:3: secrets.-dash: "-dash" is not a name for a secret; ` + secretNameAdvice,
			`compose.yaml:14:3: secrets.key: the secret key is from: file here and from: store elsewhere; give the two different names`,
		}},
		{"neither here nor there", service("    secrets: [d]\n") + "  d: {external: false}\n", []string{
			"compose.yaml: secret \"d\" must declare either `file` or `environment`"}},
		{"variables", service("    environment: {SET: x, UNSET: }\n    x-longshore:\n      secrets: [GOOD, SET, UNSET, SET]\n"), []string{
			`compose.yaml:6:23: services.web.x-longshore.secrets[1]: environment sets the variable SET already; remove one of them`,
			`compose.yaml:6:28: services.web.x-longshore.secrets[2]: environment sets the variable UNSET already; remove one of them`,
		}},
		{"a variable of an env_file", service("    env_file: a.env\n    x-longshore: {secrets: [HELD]}\n"), []string{
			`compose.yaml:5:29: services.web.x-longshore.secrets[0]: environment sets the variable HELD already; remove one of them`,
		}},
		{"no variables", service("    x-longshore:\n      secrets: ['TWO WORDS', GOOD, a.b, A=hunter2]\n  db: {image: db, x-longshore: {secrets: [3]}}\n"), []string{
			`compose.yaml:5:17: services.web.x-longshore.secrets[0]: "TWO WORDS" is not a name for a variable; ` + variableAdvice + `; for a file use the service's own secrets`,
			`compose.yaml:5:36: services.web.x-longshore.secrets[2]: "a.b" is not a name for a variable; ` + variableAdvice + `; for a file use the service's own secrets`,
			"compose.yaml:5:41: services.web.x-longshore.secrets[3]: must be a name alone; values are not kept in this file: set it by `longshore secret set A`",
			`compose.yaml:6:43: services.db.x-longshore.secrets[0]: must be text, not the number 3`,
		}},
		{"one variable", service("    x-longshore: {secrets: TOKEN}\n"), []string{
			`compose.yaml:4:19: services.web.x-longshore.secrets: must be a list; write the names of the secrets, such as [DATABASE_URL]`}},
		{"keys of a service at the top", oneService + "x-longshore: {secrets: [A], on_change: none}\n", []string{
			`compose.yaml:3:15: x-longshore.secrets: belongs to a service; move it below services.<service>.x-longshore`,
			`compose.yaml:3:29: x-longshore.on_change: belongs to a service; move it below services.<service>.x-longshore`,
		}},
		{"build secrets", "services:\n  web:\n    build: {context: ., secrets: [a, gone, file]}\nsecrets:\n  a: {external: true, name: ''}\n  file: {file: ./nothing}\n", []string{
			`compose.yaml:3:38: services.web.build.secrets.gone: names the secret gone, which no file defines; define it, or correct the name`,
			`compose.yaml:3:44: services.web.build.secrets[2]: the file $DIR/nothing of the secret file is not there`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problemLines(t, map[string]string{"compose.yaml": c.compose, "Dockerfile": "FROM scratch\n", "a.env": "HELD=x\n"}, Options{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnChangeProblems(t *testing.T) {
	const advice = "; " + onChangeAdvice
	for _, c := range []struct{ extension, secrets, want string }{
		{"on_change: sometimes", "[a]", `:3: services.web.x-longshore.on_change: must be restart, none or a signal, not the text "sometimes"` + advice},
		{"on_change: restat", "[a]", `:3: services.web.x-longshore.on_change: must be restart, none or a signal, not the text "restat"; did you mean "restart"?`},
		{"on_change: [none]", "[a]", `:3: services.web.x-longshore.on_change: must be restart, none or a signal, not a list` + advice},
		{"on_change: true", "[a]", `:3: services.web.x-longshore.on_change: must be restart, none or a signal, not true` + advice},
		{"on_change: {}", "[a]", `:3: services.web.x-longshore.on_change: names no signal` + advice},
		{"on_change: {signal: HUP}", "[a]", `:15: services.web.x-longshore.on_change.signal: there is no such signal to send: HUP; did you mean "SIGHUP"?`},
		{"on_change: {signal: sighup}", "[a]", `:15: services.web.x-longshore.on_change.signal: there is no such signal to send: sighup; did you mean "SIGHUP"?`},
		{"on_change: {signal: SIGKILL}", "[a]", `:15: services.web.x-longshore.on_change.signal: there is no such signal to send: SIGKILL`},
		{"on_change: {signal: 1}", "[a]", `:15: services.web.x-longshore.on_change.signal: must be text, not the number 1`},
		{"on_change: {sgnal: SIGHUP, signal: SIGHUP}", "[a]", `:15: services.web.x-longshore.on_change.sgnal: unknown key; did you mean "signal"?`},
		{"on_change: none", "[]", `:3: services.web.x-longshore.on_change: the service has no secrets; remove it`},
		{"on_change: restart", "[]", `:3: services.web.x-longshore.on_change: the service has no secrets; remove it`},
		{"on_change: none, secrets: [B]", "[a]", `:3: services.web.x-longshore.on_change: the secret B is a variable, which only a new container gets; use restart, or bring it in as a file by secrets`},
		{"on_change: {signal: SIGHUP}", "[a, {source: a, target: /etc/a}]", `:3: services.web.x-longshore.on_change: the file /etc/a is mounted by itself, and only a new container gets another; use restart, or a target in /run/secrets`},
	} {
		t.Run(c.extension+" "+c.secrets, func(t *testing.T) {
			file := "services:\n  web:\n    image: a\n    secrets: " + c.secrets + "\n    x-longshore: {\n  " + c.extension + "}\nsecrets: {a: {external: true}}\n"
			got := problemLines(t, map[string]string{"compose.yaml": file}, Options{})
			if diff := cmp.Diff([]string{"compose.yaml:6" + c.want}, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	for _, fine := range []string{"on_change: restart, secrets: [B]", "on_change: {signal: SIGUSR1}", "on_change: none"} {
		load(t, write(t, map[string]string{"compose.yaml": "services:\n  web: {image: a, secrets: [a], x-longshore: {" + fine + "}}\nsecrets: {a: {external: true}}\n"}), Options{Host: "local"})
	}
}

// TestSecretSources looks at where wanted secrets are found, by site, and at what of it is shown.
func TestSecretSources(t *testing.T) {
	dir := write(t, map[string]string{
		"compose.yaml": "services:\n  web:\n    image: a\n    secrets: [file, plain]\n    x-longshore: {secrets: [PRINTED, SOPS, ENV]}\n  db: {image: db, secrets: [plain]}\nsecrets:\n" +
			"  file: {file: ./compose.yaml}\n  plain: {external: true, name: PLAIN}\n",
		"enc/a.yaml": "a: b\n",
		"longshore.yml": `secret_store: {folder: deploy/secrets, organization: ~/acme}
org: acme
secrets:
  PRINTED: { from: command, command: [pass, show, it] }
  SOPS: { from: sops, file: enc/a.yaml }
  ENV: { from: env }
  UNUSED: { from: file, file: /not/there }
  PLAIN: { rotate: { soak: 0 } }
registries:
  ghcr.io: { username: ci, password_secret: GHCR }
sites:
  one: { hosts: [local] }
  two:
    hosts: [local]
    secrets:
      PRINTED:
      SOPS: { from: sops, file: ~/b.yaml, key: a.b }
      ENV: { from: env, variable: OTHER }
      GHCR: { from: file, file: /etc/token }
`})
	env := []string{"HOME=/home/me"}
	file := app.Secret{Name: "file", Source: app.SecretSource{From: app.FromFile, File: dir + "/compose.yaml"}}
	command := app.SecretSource{From: app.FromCommand, Command: []string{"pass", "show", "it"}}
	for site, want := range map[string][]app.Secret{
		"one": {
			{Name: "ENV", Source: app.SecretSource{From: app.FromEnv, Variable: "ENV"}}, {Name: "GHCR"}, {Name: "PLAIN"},
			{Name: "PRINTED", Source: command}, {Name: "SOPS", Source: app.SecretSource{From: app.FromSOPS, File: dir + "/enc/a.yaml", Key: "SOPS"}}, file,
		},
		"two": {
			{Name: "ENV", Source: app.SecretSource{From: app.FromEnv, Variable: "OTHER"}},
			{Name: "GHCR", Source: app.SecretSource{From: app.FromFile, File: "/etc/token"}}, {Name: "PLAIN"},
			{Name: "PRINTED"}, {Name: "SOPS", Source: app.SecretSource{From: app.FromSOPS, File: "/home/me/b.yaml", Key: "a.b"}}, file,
		},
	} {
		p := load(t, dir, Options{Site: site, Environ: env})
		if diff := cmp.Diff(want, p.Spec.Secrets); diff != "" {
			t.Errorf("%s (-want +got):\n%s", site, diff)
		}
		wantScopes := []app.SecretScope{
			{Kind: app.ScopeSite, Of: "acme/shop/" + site, Folder: dir + "/deploy/secrets/sites/" + site, Recipients: dir + "/deploy/secrets/recipients.txt"},
			{Kind: app.ScopeProject, Of: "acme/shop", Folder: dir + "/deploy/secrets/project", Recipients: dir + "/deploy/secrets/recipients.txt"},
			{Kind: app.ScopeOrganization, Of: "acme", Folder: "/home/me/acme", Recipients: "/home/me/acme/recipients.txt"},
		}
		if diff := cmp.Diff(wantScopes, p.Spec.SecretScopes); diff != "" {
			t.Errorf("%s: scopes (-want +got):\n%s", site, diff)
		}
		if diff := cmp.Diff(Rotations{"PLAIN": {With: app.WithValue}}, p.Rotations); diff != "" {
			t.Errorf("%s: rotations (-want +got):\n%s", site, diff)
		}
	}
	var got []string
	for _, o := range load(t, dir, Options{Site: "two", Environ: env}).Origins {
		if strings.HasPrefix(o.Key, "secret") {
			got = append(got, strings.Join([]string{o.Key, o.Value.(string), o.Layer, o.Where}, "|"))
		}
	}
	want := []string{
		"secret_store.folder|deploy/secrets|project file|longshore.yml:1", "secret_store.organization|~/acme|project file|longshore.yml:1",
		"secrets.ENV|env|site|longshore.yml:18", "secrets.GHCR|file|site|longshore.yml:19",
		"secrets.PLAIN|store|project file|longshore.yml:8", "secrets.PLAIN.rotate|value|project file|longshore.yml:8",
		"secrets.PRINTED|store|site|longshore.yml:16", "secrets.SOPS|sops|site|longshore.yml:17",
		"secrets.UNUSED|file|project file|longshore.yml:7", "secrets.file|file|derived|compose.yaml:8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

// TestPasswordSecrets looks at which secret a registry's password is.
func TestPasswordSecrets(t *testing.T) {
	p := load(t, write(t, map[string]string{
		"compose.yaml":  "services:\n  web: {image: a}\nsecrets: {FILE: {environment: TOKEN}, ALIAS: {external: true, name: OTHER}}\n",
		"longshore.yml": "registries:\n  a.example.com: {username: a, password_secret: FILE}\n  b.example.com: {username: a, password_secret: ALIAS}\n  c.example.com: {username: a, password_secret: FILE}\n",
	}), Options{Host: "local"})
	want := []app.Secret{{Name: "ALIAS"}, {Name: "FILE", Source: app.SecretSource{From: app.FromEnv, Variable: "TOKEN"}}}
	if diff := cmp.Diff(want, p.Spec.Secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if got := p.Spec.Registries[0].PasswordSecret; got != "FILE" || len(p.Spec.WantedBy("FILE")) != 2 {
		t.Errorf("got %q, wanted by %v", got, p.Spec.WantedBy("FILE"))
	}
	lines := problemLines(t, map[string]string{"compose.yaml": oneService, "longshore.yml": "registries:\n  a.example.com: {username: a, password_secret: a b}\n  b.example.com: {username: a, password_secret: A, password_env: B}\n"}, Options{})
	wantLines := []string{
		`longshore.yml:2:32: registries.a.example.com.password_secret: "a b" is not a name for a secret; ` + secretNameAdvice,
		`longshore.yml:3:3: registries.b.example.com: the password is in more than one place; keep one of password_env, password_file, password_command and password_secret`,
	}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestSecretEntryProblems(t *testing.T) {
	const compose = "services:\n  web: {image: a, secrets: [there], x-longshore: {secrets: [LOST]}}\n  db: {image: db}\n  off: {image: a, profiles: [off]}\nsecrets: {there: {file: ./compose.yaml}}\n"
	for _, c := range []struct {
		name, project string
		want          []string
	}{
		{"sources", `secrets:
  FILE: { from: file }
  SOPS: { from: sops, command: [x] }
  COMMAND: { from: command, command: pass show }
  EMPTY: { from: command, command: [] }
  STORE: { file: /a, key: b, variable: C, command: [d] }
  ENV: { from: env, variable: not a name }
  a.b: { from: env }
  WHERE: { from: vault }
  NEAR: { from: soops, file: /a }
  not a name: {}
  LIST: [a]
  TEXT: hunter2
  EXTRA: { form: store }
  TYPES: { from: 1, file: [a], command: {} }
  VALUE: { value: hunter2 }
`, []string{
			`longshore.yml:2:3: secrets.FILE: the secret is from: file, without a file; add file`,
			`longshore.yml:3:3: secrets.SOPS: the secret is from: sops, without a file; add file`,
			`longshore.yml:3:23: secrets.SOPS.command: has no meaning for a secret from: sops; it belongs to from: command`,
			`longshore.yml:4:29: secrets.COMMAND.command: must be a list, not the text "pass show"; write the program and its arguments, such as ["pass", "show", "shop/token"]`,
			`longshore.yml:5:27: secrets.EMPTY.command: names no program`,
			`longshore.yml:6:12: secrets.STORE.file: has no meaning for a secret from: store; it belongs to from: file or sops`,
			`longshore.yml:6:22: secrets.STORE.key: has no meaning for a secret from: store; it belongs to from: sops`,
			`longshore.yml:6:30: secrets.STORE.variable: has no meaning for a secret from: store; it belongs to from: env`,
			`longshore.yml:6:43: secrets.STORE.command: has no meaning for a secret from: store; it belongs to from: command`,
			`longshore.yml:7:21: secrets.ENV.variable: "not a name" is not a name for a variable; ` + variableAdvice,
			`longshore.yml:8:3: secrets.a.b: "a.b" is not a name for a variable; ` + variableAdvice,
			`longshore.yml:9:12: secrets.WHERE.from: must be one of store, file, sops, command, env`,
			`longshore.yml:10:11: secrets.NEAR.from: must be one of store, file, sops, command, env; did you mean "sops"?`,
			`longshore.yml:11:3: secrets.not a name: "not a name" is not a name for a secret; ` + secretNameAdvice,
			"longshore.yml:12:3: secrets.LIST: must be a mapping that says where the value is found; values are not kept in this file: set it by `longshore secret set LIST`",
			"longshore.yml:13:3: secrets.TEXT: must be a mapping that says where the value is found; values are not kept in this file: set it by `longshore secret set TEXT`",
			`longshore.yml:14:12: secrets.EXTRA.form: unknown key; did you mean "from"?`,
			`longshore.yml:15:12: secrets.TYPES.from: must be text, not the number 1`,
			`longshore.yml:15:21: secrets.TYPES.file: must be text, not a list`,
			`longshore.yml:15:32: secrets.TYPES.command: must be a list of texts, not a mapping`,
			"longshore.yml:16:12: secrets.VALUE.value: is not kept in this file; values are not kept in this file: set it by `longshore secret set VALUE`",
		}},
		{"rotations", `secrets:
  FROM: { from: env, rotate: {} }
  LIST: { rotate: [value] }
  TYPES: { rotate: { with: [value], users: {a: b}, add: run, soak: soon, length: long, template: [], service: 3, template2: x } }
  WITH: { rotate: { with: oracle } }
  LESS: { rotate: { soak: -1s } }
  VALUE: { rotate: { users: [a], service: db, make: [x], add: [x], role: r, template: "{user}{password}" } }
  BARE: { rotate: { with: postgres } }
  SAME: { rotate: { with: mysql, service: db, users: [a, a], template: "{password}", role: r } }
  MANY: { rotate: { with: postgres, service: db, users: [a, b, c] } }
  TWO: { rotate: { with: postgres, service: db, users: [a, b] } }
  ADMIN: { rotate: { with: postgres, service: db, users: [a, postgres], template: "{user}", admin_password: ADMIN } }
  ROOT: { rotate: { with: mysql, service: db, users: [root, ""], template: "{user}:{password}", admin_password: a b } }
  STEPS: { rotate: { with: command, make: [x], length: 8, service: db } }
  GIVEN: { rotate: { with: given, length: 8, template: "{password}" } }
  SHORT: { rotate: { length: 7 } }
  POOR: { rotate: { alphabet: "01", length: 8 } }
  USER: { rotate: { template: "{user}:{password}" } }
`, []string{
			`longshore.yml:2:22: secrets.FROM.rotate: only a secret of the store can be rotated: no other place takes new versions; remove it, or set from: store`,
			`longshore.yml:3:11: secrets.LIST.rotate: must be a mapping, not a list`,
			`longshore.yml:4:22: secrets.TYPES.rotate.with: must be text, not a list`,
			`longshore.yml:4:37: secrets.TYPES.rotate.users: must be a list of texts, not a mapping`,
			`longshore.yml:4:52: secrets.TYPES.rotate.add: must be a list, not the text "run"; write the program and its arguments, such as ["/opt/acme/rotate", "add"]`,
			`longshore.yml:4:62: secrets.TYPES.rotate.soak: must be a duration, not the text "soon"; write a number with its unit, such as "500ms", "30s" or "2m"`,
			`longshore.yml:4:74: secrets.TYPES.rotate.length: must be a whole number, not the text "long"`,
			`longshore.yml:4:88: secrets.TYPES.rotate.template: must be text, not a list`,
			`longshore.yml:4:102: secrets.TYPES.rotate.service: must be text, not the number 3`,
			`longshore.yml:4:114: secrets.TYPES.rotate.template2: unknown key; did you mean "template"?`,
			`longshore.yml:5:21: secrets.WITH.rotate.with: must be one of value, postgres, mysql, command, given`,
			`longshore.yml:6:21: secrets.LESS.rotate.soak: must not be negative`,
			`longshore.yml:7:22: secrets.VALUE.rotate.users: has no meaning for a rotation with: value; it belongs to with: postgres, mysql`,
			`longshore.yml:7:34: secrets.VALUE.rotate.service: has no meaning for a rotation with: value; it belongs to with: postgres, mysql, command`,
			`longshore.yml:7:47: secrets.VALUE.rotate.make: has no meaning for a rotation with: value; it belongs to with: command`,
			`longshore.yml:7:58: secrets.VALUE.rotate.add: has no meaning for a rotation with: value; it belongs to with: command`,
			`longshore.yml:7:68: secrets.VALUE.rotate.role: has no meaning for a rotation with: value; it belongs to with: postgres`,
			`longshore.yml:8:11: secrets.BARE.rotate: the rotation does not say which service runs the database; add service`,
			`longshore.yml:8:11: secrets.BARE.rotate: the rotation names no user; add users: two that are used in turn, or one whose password is changed, with a gap`,
			`longshore.yml:9:47: secrets.SAME.rotate.users: names a twice; name two, or one whose password is changed, with a gap`,
			`longshore.yml:9:62: secrets.SAME.rotate.template: lacks {user}: the value does not say which of the two users it is of`,
			`longshore.yml:9:86: secrets.SAME.rotate.role: has no meaning for a rotation with: mysql; it belongs to with: postgres`,
			`longshore.yml:10:50: secrets.MANY.rotate.users: are 3: there are two that are used in turn, or one`,
			`longshore.yml:11:10: secrets.TWO.rotate: the value does not say which of the two users it is of; add template, such as "postgres://{user}:{password}@db/shop"`,
			`longshore.yml:12:51: secrets.ADMIN.rotate.users: postgres is the admin, who would be shut out in turn; name users of the application, or another admin`,
			`longshore.yml:12:73: secrets.ADMIN.rotate.template: lacks {password}`,
			`longshore.yml:12:93: secrets.ADMIN.rotate.admin_password: is the secret that is rotated; name the secret of another user, who may change this one`,
			`longshore.yml:13:47: secrets.ROOT.rotate.users: has an empty name`,
			`longshore.yml:13:97: secrets.ROOT.rotate.admin_password: "a b" is not a name for a secret; ` + secretNameAdvice,
			`longshore.yml:14:12: secrets.STEPS.rotate: the rotation has no step; add one of add, test and revoke, or use with: value`,
			`longshore.yml:14:37: secrets.STEPS.rotate.make: runs on the worker, and the other steps in the service db; remove one of them`,
			`longshore.yml:14:48: secrets.STEPS.rotate.length: has no effect: make prints the whole value; remove one of them`,
			`longshore.yml:15:35: secrets.GIVEN.rotate.length: has no meaning for a rotation with: given; it belongs to with: value, postgres, mysql, command`,
			`longshore.yml:15:46: secrets.GIVEN.rotate.template: has no meaning for a rotation with: given; it belongs to with: value, postgres, mysql, command`,
			`longshore.yml:16:22: secrets.SHORT.rotate.length: the length is 7: it is from 8 to 1024`,
			`longshore.yml:17:37: secrets.POOR.rotate.length: 8 characters of 2 different ones are easily guessed: make the length or the alphabet larger, or exclude less`,
			`longshore.yml:18:21: secrets.USER.rotate.template: has {user}, and the rotation has no users; write the name itself`,
		}},
		{"places", "secret_store: {folder: [a], fodler: b}\nsecrets: [a]\nsites:\n  x: {hosts: [local], secrets: text, secret_store: {folder: a}}\n", []string{
			`longshore.yml:1:16: secret_store.folder: must be text, not a list`,
			`longshore.yml:1:29: secret_store.fodler: unknown key; did you mean "folder"?`,
			`longshore.yml:2:1: secrets: must be a mapping, not a list`,
			`longshore.yml:4:23: sites.x.secrets: must be a mapping, not the text "text"`,
			`longshore.yml:4:38: sites.x.secret_store: holds for all sites of a project; move it to the top of the file`,
		}},
		{"a list for the store", "secret_store: deploy/secrets\n", []string{`longshore.yml:1:1: secret_store: must be a mapping, not the text "deploy/secrets"`}},
		{"what does not go together", "secrets:\n  there: {from: env}\n  LOST: {from: file, file: enc/lost}\n  X: {rotate: {with: postgres, service: dbb, users: [a], admin_password: LOST}}\n  Y: {rotate: {with: command, service: off, add: [a]}}\n", []string{
			`compose.yaml:5:11: secrets.there: longshore.yml says of the secret there where it is found, too; write external: true here, or remove its entry there`,
			`longshore.yml:3:22: secrets.LOST.file: the file $DIR/enc/lost is not there`,
			`longshore.yml:4:32: secrets.X.rotate.service: there is no service "dbb"; did you mean "db"?`,
			`longshore.yml:4:58: secrets.X.rotate.admin_password: the secret LOST is from: file; a rotation takes it from the store only`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problemLines(t, map[string]string{"compose.yaml": compose, "longshore.yml": c.project}, Options{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
