package registry

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"seaworthy.test/testbed/internal/images"
)

func TestImagesCanBePulled(t *testing.T) {
	image, err := images.Build("seaworthy.test/shop/app:1", images.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	registry := New()
	registry.Add(image)
	status := func(method, path string) int {
		answer := httptest.NewRecorder()
		registry.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
		return answer.Code
	}
	for path, want := range map[string]int{
		"/v2/":                                     http.StatusOK,
		"/v2/shop/app/manifests/1":                 http.StatusOK,
		"/v2/shop/app/manifests/2":                 http.StatusNotFound,
		"/v2/shop/other/manifests/1":               http.StatusNotFound,
		"/v2/shop/app/blobs/sha256:no":             http.StatusNotFound,
		"/v2/shop/app/manifests/" + image.Manifest: http.StatusOK,
		"/v2/shop/app/blobs/" + image.Manifest:     http.StatusOK,
	} {
		if got := status(http.MethodGet, path); got != want {
			t.Errorf("%s: %d, not %d", path, got, want)
		}
	}
	if got := status(http.MethodPut, "/v2/shop/app/manifests/1"); got != http.StatusMethodNotAllowed {
		t.Errorf("a push got %d", got)
	}
	registry.Break(http.StatusServiceUnavailable)
	if got := status(http.MethodGet, "/v2/shop/app/manifests/1"); got != http.StatusServiceUnavailable {
		t.Errorf("a broken registry answers %d", got)
	}
	registry.Break(0)
	if got := status(http.MethodHead, "/v2/shop/app/manifests/1"); got != http.StatusOK {
		t.Errorf("a mended registry answers %d", got)
	}
}
