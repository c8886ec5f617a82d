// Package build makes an image from source with the BuildKit inside a Docker engine, from Docker 20.10 on. The context
// is read on this machine and only what the build asks for travels. It must not know what a deploy is or where the
// engine is: a caller hands it the engine's client.
package build
