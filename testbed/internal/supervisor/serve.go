package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/images"
)

// mostRequestBytes bounds an order.
const mostRequestBytes = 1 << 20

// serveControl takes orders until the context ends; the order to shut down
// calls end.
func (s *Supervisor) serveControl(ctx context.Context, end context.CancelFunc) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", s.bed.ControlSocket())
	if err != nil {
		return fmt.Errorf("open the control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, s.Status())
	})
	mux.HandleFunc("POST /fault", order(s.fault))
	mux.HandleFunc("POST /image", order(s.loadImage))
	mux.HandleFunc("POST /shutdown", order(func(context.Context, struct{}) (string, error) {
		time.AfterFunc(50*time.Millisecond, end) // after the answer
		return "ending", nil
	}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the control socket: %w", err)
	}
	return nil
}

// order adapts what carries out an order to HTTP.
func order[Request any](carryOut func(context.Context, Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostRequestBytes)).Decode(&request); err != nil {
			reply(w, control.Reply{Error: "the order cannot be read: " + err.Error()})
			return
		}
		said, err := carryOut(r.Context(), request)
		if err != nil {
			reply(w, control.Reply{Error: err.Error()})
			return
		}
		reply(w, control.Reply{Message: said})
	}
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	// Whoever asked is gone if this fails.
	_ = json.NewEncoder(w).Encode(answer)
}

// loadImage makes an image of a static binary, offers it in the registry and
// imports it on every real node.
func (s *Supervisor) loadImage(_ context.Context, request control.ImageRequest) (string, error) {
	if !s.isReady() {
		return "", errors.New("the testbed is not ready yet")
	}
	s.orders.Lock()
	defer s.orders.Unlock()
	image, err := images.BuildProgram(request.Reference, request.Name, request.Binary)
	if err != nil {
		return "", err
	}
	archive, err := s.offer(image)
	if err != nil {
		return "", err
	}
	for _, node := range s.nodes {
		if node.PID() == 0 {
			continue // switched off; it can pull from the registry later
		}
		if err := node.Import(archive); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s (%s) is on %d nodes", image.Reference, image.Manifest, len(s.nodes)), nil
}
