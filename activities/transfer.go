package activities

import "github.com/longshore-dev/longshore/internal/app"

// TransferInput asks for an image of the builder's engine on a host.
type TransferInput struct {
	Target
	// Builder is where the image is now.
	Builder app.Host  `json:"builder"`
	Service string    `json:"service"`
	Image   app.Image `json:"image"`
	// MaxRate is the most that the worker sends to all hosts of the site together, in bytes a second; 0 means no limit.
	MaxRate int64 `json:"max_rate,omitempty"`
}

// TransferResult is the image as the host holds it, and what it took.
type TransferResult struct {
	Image       app.Image       `json:"image"`
	Transferred app.Transferred `json:"transferred"`
	// Note says why more went over than had to; empty where that was not so.
	Note string `json:"note,omitempty"`
}

// Transfer carries an image from the builder's engine to a host: the layers that the host lacks, and nothing where the
// image is there already. What was sent of an image is counted for the attempt that succeeds. See
// ImageLost for one that the builder does not have.
var Transfer = Step[TransferInput, TransferResult]{
	Name:     "Transfer",
	Policy:   Long,
	Describe: func(in TransferInput) (string, string) { return in.Host.Name, "transfer " + in.Service },
}

// ImageLost says that a Transfer did not find what was built: the builder's engine was cleaned meanwhile, so that it has
// to be built again.
func ImageLost(err error) bool {
	return err != nil && FailureOf(err).Kind == app.KindMissing
}

// ReuseInput names an image that a recorded release has on a host.
type ReuseInput struct {
	Target
	Service string    `json:"service"`
	Image   app.Image `json:"image"`
	// Ref is the name that it gets beside its own: that of the new release. Empty leaves it with its own, as an image of a
	// registry, whose name is not the site's to move.
	Ref string `json:"ref,omitempty"`
}

// Reuse gives an image that a host holds the name that a new release has for it. It fails with app.KindPruned where the
// image is not there.
var Reuse = Step[ReuseInput, app.Image]{
	Name:     "Reuse",
	Policy:   Change,
	Describe: func(in ReuseInput) (string, string) { return in.Host.Name, "take the recorded image of " + in.Service },
}
