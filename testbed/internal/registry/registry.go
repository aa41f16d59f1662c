// Package registry serves images to the nodes' containerds, by the read half of
// the OCI distribution protocol: enough for real pulls and for real failures of
// pulls.
package registry

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"seaworthy.test/testbed/internal/images"
)

// Registry holds images in memory.
type Registry struct {
	mu     sync.RWMutex
	tags   map[string]string // "name:tag" to the digest of a manifest
	blobs  map[string][]byte
	broken atomic.Int32
}

// New returns an empty registry.
func New() *Registry {
	return &Registry{tags: map[string]string{}, blobs: map[string][]byte{}}
}

// Add offers an image from now on.
func (r *Registry) Add(image images.Image) {
	_, name, _ := strings.Cut(image.Reference, "/")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tags[name] = image.Manifest
	maps.Copy(r.blobs, image.Blobs)
}

// Break makes every request fail with an HTTP status; zero mends the registry.
func (r *Registry) Break(status int) { r.broken.Store(int32(status)) }

// ServeHTTP answers /v2/<name>/manifests/<tag or digest> and /v2/<name>/blobs/<digest>.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if status := r.broken.Load(); status != 0 {
		http.Error(w, "the registry is out of order", int(status))
		return
	}
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		http.Error(w, "this registry is read-only", http.StatusMethodNotAllowed)
		return
	}
	path := strings.TrimPrefix(request.URL.Path, "/v2/")
	if name, reference, ok := strings.Cut(path, "/manifests/"); ok {
		r.serve(w, request, r.manifest(name, reference), "application/vnd.oci.image.manifest.v1+json", "MANIFEST_UNKNOWN")
	} else if _, digest, ok := strings.Cut(path, "/blobs/"); ok {
		r.serve(w, request, digest, "application/octet-stream", "BLOB_UNKNOWN")
	} else {
		w.WriteHeader(http.StatusOK) // the protocol's version check
	}
}

func (r *Registry) manifest(name, reference string) string {
	if strings.HasPrefix(reference, "sha256:") {
		return reference
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tags[name+":"+reference]
}

func (r *Registry) serve(w http.ResponseWriter, request *http.Request, digest, mediaType, missing string) {
	r.mu.RLock()
	blob, ok := r.blobs[digest]
	r.mu.RUnlock()
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"not in this registry"}]}`, missing)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
	if request.Method == http.MethodGet {
		// A client that went away needs no answer.
		_, _ = w.Write(blob)
	}
}
