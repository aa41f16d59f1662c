package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var files = []File{{Path: "bin", Dir: true, Mode: 0o755}, {Path: "bin/a", Mode: 0o755, Content: []byte("A")}, {Path: "bin/b", Link: "bin/a"}}

func TestEqualFilesMakeAnEqualImage(t *testing.T) {
	one, err := Build("seaworthy.test/x:1", Config{}, files)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := Build("seaworthy.test/x:1", Config{}, files)
	if one.Manifest != two.Manifest {
		t.Errorf("%s and %s", one.Manifest, two.Manifest)
	}
}

func TestAnArchiveHoldsEveryBlobOfItsManifest(t *testing.T) {
	image, err := Build("seaworthy.test/x:1", Config{Cmd: []string{"/bin/a"}}, files)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := image.WriteArchive(&archive); err != nil {
		t.Fatal(err)
	}
	entries := map[string][]byte{}
	for reader := tar.NewReader(&archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name], _ = io.ReadAll(reader)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	if err := json.Unmarshal(image.Blobs[image.Manifest], &manifest); err != nil {
		t.Fatal(err)
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		content := entries[filepath.Join("blobs/sha256", blob.Digest[len("sha256:"):])]
		if digest(content) != blob.Digest || len(content) != blob.Size {
			t.Errorf("blob %s is damaged", blob.Digest)
		}
	}
}

func TestWhatCannotRunMakesNoImage(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{script, "/nowhere"} {
		if _, err := BuildProgram("seaworthy.test/x:1", "x", path); err == nil {
			t.Errorf("%s became an image", path)
		}
	}
}
