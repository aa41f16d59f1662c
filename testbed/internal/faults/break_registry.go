package faults

import (
	"context"
	"fmt"
	"strconv"
)

// breakRegistry makes every pull fail; images that a node has stay usable.
var breakRegistry = Fault{
	Name:    "break-registry",
	Undo:    "mend-registry",
	Summary: "the image registry fails; pulls end in ErrImagePull and ImagePullBackOff",
	Params:  []Param{{Name: "status", Default: "503", Help: "HTTP status that the registry answers with"}},
	apply: func(_ context.Context, t *Target) (string, error) {
		status, err := strconv.Atoi(t.param("status"))
		if err != nil || status < 400 || status > 599 {
			return "", fmt.Errorf("status %q: give an HTTP status from 400 to 599", t.param("status"))
		}
		t.Registry.Break(status)
		return fmt.Sprintf("the registry answers %d", status), nil
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		t.Registry.Break(0)
		return "the registry works again", nil
	},
}
