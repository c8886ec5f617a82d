package edgeimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// section is a run of bytes that can be read as often as it is opened.
type section struct {
	size int64
	open func() io.Reader
}

func inMemory(data []byte) section {
	return section{size: int64(len(data)), open: func() io.Reader { return bytes.NewReader(data) }}
}

// joined is one section after the other.
func joined(sections []section) section {
	var size int64
	for _, s := range sections {
		size += s.size
	}
	return section{size: size, open: func() io.Reader {
		readers := make([]io.Reader, len(sections))
		for i, s := range sections {
			readers[i] = s.open()
		}
		return io.MultiReader(readers...)
	}}
}

type file struct {
	name    string
	mode    int64
	content section
}

// blockSize is what a tar archive's parts are rounded up to; two empty blocks end it (POSIX ustar).
const blockSize = 512

// archive is a tar archive of files with nothing in it that differs from one time to the next.
func archive(files ...file) (section, error) {
	var parts []section
	for _, f := range files {
		var header bytes.Buffer
		err := tar.NewWriter(&header).WriteHeader(&tar.Header{
			Name: f.name, Mode: f.mode, Size: f.content.size, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
		})
		if err != nil {
			return section{}, fmt.Errorf("packing the edge image: %w", err)
		}
		padding := (blockSize - f.content.size%blockSize) % blockSize
		parts = append(parts, inMemory(header.Bytes()), f.content, inMemory(make([]byte, padding)))
	}
	return joined(append(parts, inMemory(make([]byte, 2*blockSize)))), nil
}

// digest is the section's SHA-256, in hexadecimal.
func digest(s section) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, s.open()); err != nil {
		return "", fmt.Errorf("reading the edge binary: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
