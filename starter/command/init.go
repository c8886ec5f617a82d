package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

const (
	composeName = "compose.yaml"
	projectName = "longshore.yml"
)

// composeNames are the compose files that an existing project may have.
func composeNames() []string {
	return []string{composeName, "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
}

func (c *cli) initCommand() *cobra.Command {
	var dir, host string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write compose.yaml and longshore.yml, from what is found in the folder",
		Long: "Writes the two files that a deploy needs, with comments. What it finds is used: the folder's name, a Dockerfile and\n" +
			"its port, an existing compose file. Files that exist are left alone.",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return c.init(dir, host) },
	}
	cmd.Flags().StringVarP(&dir, "directory", "C", ".", "the project's folder")
	cmd.Flags().StringVar(&host, "host", app.LocalAddress, "the host to deploy to: local, or an address such as deploy@203.0.113.10")
	return cmd
}

func (c *cli) init(dir, host string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the project's folder: %w", err)
	}
	if strings.ContainsAny(host, " \t\n\"'#{}[],") || host == "" {
		return exit.With(exit.Usage, fmt.Errorf("--host %q is no address: write local, or user@name:port", host))
	}
	name := projectNameOf(filepath.Base(dir))
	compose := ""
	for _, file := range composeNames() {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			compose = file
			break
		}
	}
	var wrote, left []string
	write := func(file, text string) error {
		err := writeNew(filepath.Join(dir, file), text)
		if errors.Is(err, fs.ErrExist) {
			left = append(left, file)
			return nil
		}
		if err == nil {
			wrote = append(wrote, file)
		}
		return err
	}
	if compose == "" {
		if err := write(composeName, composeText(dir)); err != nil {
			return err
		}
	} else {
		left = append(left, compose)
	}
	if err := write(projectName, projectText(name, host)); err != nil {
		return err
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string][]string{"wrote": wrote, "left": left})
	}
	for _, file := range wrote {
		c.say("wrote %s", file)
	}
	for _, file := range left {
		c.say("left %s as it is", file)
	}
	if compose != "" {
		c.say("Give the service that gets public traffic a route in %s:", compose)
		c.say("    x-longshore:\n      route: { hosts: [%s.example.com], port: 8080 }", name)
	}
	c.say("Next: longshore deploy --plan")
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// projectNameOf makes a project's name of a folder's: what Docker allows in names.
func projectNameOf(folder string) string {
	name := regexp.MustCompile(`[^a-z0-9-]+`).ReplaceAllString(strings.ToLower(folder), "-")
	if name = strings.Trim(name, "-"); name == "" {
		return "app"
	}
	return name
}

// exposedPort is the first port that a Dockerfile exposes; 8080 where it names none.
func exposedPort(dockerfile []byte) int {
	for line := range strings.Lines(string(dockerfile)) {
		words := strings.Fields(line)
		if len(words) < 2 || !strings.EqualFold(words[0], "EXPOSE") {
			continue
		}
		number, _, _ := strings.Cut(words[1], "/")
		if port, err := strconv.Atoi(number); err == nil && port > 0 && port < 65536 {
			return port
		}
	}
	return 8080
}

// composeText runs what the folder's Dockerfile builds, or something to begin with.
func composeText(dir string) string {
	image, port := `    # There was no Dockerfile: this is a web server's welcome page. Write one, and put "build: ." in the place of image.
    image: nginx:1.29-alpine
`, 80
	if dockerfile, err := os.ReadFile(filepath.Join(dir, "Dockerfile")); err == nil {
		image, port = "    build: .\n", exposedPort(dockerfile)
	}
	return `# The app, in the compose specification's own words. x-longshore adds what it has no word for.
services:
  web:
` + image + `    deploy:
      replicas: 2
      # Watches a new release for this long once it serves; where it is unwell, the old one takes over again.
      # update_config: { monitor: 1m, failure_action: rollback }
    x-longshore:
      # Public traffic: the edge proxy on each host sends it to the newest healthy release. "*" answers every name.
      route: { hosts: ["*"], port: ` + strconv.Itoa(port) + ` }
      # Each new container must answer before it gets traffic, and go on answering.
      health: { path: /, within: 60s, stable_for: 3s }
      # How long the old release may finish its requests after the switch.
      drain: 30s
`
}

func projectText(name, host string) string {
	entry := "server"
	if host == app.LocalAddress {
		entry = "here"
	}
	return `# Where the app is deployed. longshore config --origin shows what all settings come to.
project: ` + name + `

hosts:
  # A Linux machine with Docker: local for this one, or user@name:port over SSH. With a port of its own the edge proxy
  # can share the machine with another web server: edge: { http: 8080 }.
  ` + entry + `: { address: ` + host + ` }

sites:
  # approve: true has each run wait for longshore approve before it changes anything.
  production: { hosts: [` + entry + `] }
`
}
