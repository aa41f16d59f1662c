// Package images makes container images out of static binaries. An image is
// one layer, written as an OCI archive that containerd imports and kept as
// blobs that the testbed's registry serves.
package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// Media types of the OCI image specification.
const (
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// File is one entry of an image's file system.
type File struct {
	Path    string
	Mode    int64
	Content []byte
	// Link makes it a hard link to another file of the image.
	Link string
	// Dir makes it a folder.
	Dir bool
}

// Config is how an image is run where a pod does not say otherwise.
type Config struct {
	Entrypoint []string
	Cmd        []string
	User       string
	Env        []string
}

// Image is a complete image.
type Image struct {
	// Reference is its full name, for instance seaworthy.test/tools:1.
	Reference string
	// Blobs are its parts by digest, manifest included.
	Blobs map[string][]byte
	// Manifest is the digest of its manifest.
	Manifest string
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Build makes an image of files.
func Build(reference string, config Config, files []File) (Image, error) {
	plain, err := layer(files)
	if err != nil {
		return Image{}, fmt.Errorf("build image %s: %w", reference, err)
	}
	packed, err := compress(plain)
	if err != nil {
		return Image{}, fmt.Errorf("build image %s: %w", reference, err)
	}
	image := Image{Reference: reference, Blobs: map[string][]byte{}}
	configJSON, err := json.Marshal(map[string]any{
		"architecture": "amd64",
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": config.Entrypoint, "Cmd": config.Cmd, "User": config.User,
			"Env": append([]string{"PATH=/bin:/usr/bin:/sbin"}, config.Env...),
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(plain)}},
	})
	if err != nil {
		return Image{}, fmt.Errorf("build image %s: %w", reference, err)
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     mediaManifest,
		"config":        image.add(mediaConfig, configJSON),
		"layers":        []descriptor{image.add(mediaLayer, packed)},
	})
	if err != nil {
		return Image{}, fmt.Errorf("build image %s: %w", reference, err)
	}
	image.Manifest = image.add(mediaManifest, manifest).Digest
	return image, nil
}

func (i Image) add(mediaType string, blob []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digest(blob), Size: len(blob)}
	i.Blobs[d.Digest] = blob
	return d
}

// WriteArchive writes the image as an OCI archive.
func (i Image) WriteArchive(w io.Writer) error {
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"manifests": []descriptor{{
			MediaType: mediaManifest, Digest: i.Manifest, Size: len(i.Blobs[i.Manifest]),
			Annotations: map[string]string{"io.containerd.image.name": i.Reference},
		}},
	})
	if err != nil {
		return fmt.Errorf("write the index of %s: %w", i.Reference, err)
	}
	files := []File{
		{Path: "oci-layout", Mode: 0o644, Content: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{Path: "index.json", Mode: 0o644, Content: index},
	}
	for digest, blob := range i.Blobs {
		file := path.Join("blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
		files = append(files, File{Path: file, Mode: 0o644, Content: blob})
	}
	archive, err := layer(files)
	if err != nil {
		return fmt.Errorf("write the archive of %s: %w", i.Reference, err)
	}
	if _, err := w.Write(archive); err != nil {
		return fmt.Errorf("write the archive of %s: %w", i.Reference, err)
	}
	return nil
}

// layer is a tar of files. It carries no times, so equal files make an equal image.
func layer(files []File) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, file := range files {
		header := &tar.Header{Name: file.Path, Mode: file.Mode, Size: int64(len(file.Content)), Typeflag: tar.TypeReg}
		switch {
		case file.Dir:
			header.Typeflag, header.Name = tar.TypeDir, file.Path+"/"
		case file.Link != "":
			header.Typeflag, header.Linkname = tar.TypeLink, file.Link
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("write %s: %w", file.Path, err)
		}
		if _, err := writer.Write(file.Content); err != nil {
			return nil, fmt.Errorf("write %s: %w", file.Path, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("finish the archive: %w", err)
	}
	return buffer.Bytes(), nil
}

func compress(data []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer, err := gzip.NewWriterLevel(&buffer, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if _, err := writer.Write(data); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return buffer.Bytes(), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
