package hosts

import "fmt"

// Option changes what Start and Launch make.
type Option func(*config)

type config struct {
	name     string
	release  Release
	bare     bool
	packages []string
	login    string
	edgePort int
	disks    []smallDisk
	dir      string
	owner    string
}

type smallDisk struct {
	path string
	size int64
}

// OnRelease chooses the Debian release; Bookworm is the default.
func OnRelease(release Release) Option { return func(c *config) { c.release = release } }

// Bare leaves Docker out.
func Bare() Option { return func(c *config) { c.bare = true } }

// Installed puts Debian packages on the host before its first boot, from an image that is made once.
func Installed(packages ...string) Option { return func(c *config) { c.packages = packages } }

// LoginAs chooses Root, Sudoer or Member for Address, AppHost and the SSH configuration.
func LoginAs(user string) Option { return func(c *config) { c.login = user } }

// Named sets the host's name, which must be free; a random one is the default.
func Named(name string) Option { return func(c *config) { c.name = name } }

// EdgePort is the host's own port that URL and HTTPAddr lead to; 80 is the default.
func EdgePort(port int) Option { return func(c *config) { c.edgePort = port } }

// SmallDisk puts a small file system of its own, of size bytes, at an absolute path of the host, such as
// /var/lib/docker. It is kept in memory and empty again after a reboot.
func SmallDisk(path string, size int64) Option {
	return func(c *config) { c.disks = append(c.disks, smallDisk{path: path, size: size}) }
}

// KeptIn sets the folder for the host's keys and SSH configuration, which must exist, and keeps the host when the
// process that launched it ends. It is for Launch: Start uses the test's own folder.
func KeptIn(dir string) Option {
	return func(c *config) { c.dir, c.owner = dir, "kept" }
}

func (c config) recipe() recipe {
	r := dockerRecipe(c.release)
	if c.bare {
		r = bareRecipe(c.release)
	}
	if len(c.packages) > 0 {
		r = r.with(c.packages)
	}
	return r
}

func (c config) validate() error {
	switch {
	case c.release != Bookworm && c.release != Trixie:
		return fmt.Errorf("no such release: %q (known are %s and %s)", c.release, Bookworm, Trixie)
	case c.login != Root && c.login != Sudoer && c.login != Member:
		return fmt.Errorf("no such login: %q (known are %s, %s and %s)", c.login, Root, Sudoer, Member)
	}
	return nil
}
