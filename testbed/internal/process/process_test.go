package process

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"seaworthy.test/testbed/internal/wait"
)

func sleeper(t *testing.T, args ...string) *Process {
	t.Helper()
	process := New(Spec{Name: "test", Path: "/bin/sh", Args: args, Log: filepath.Join(t.TempDir(), "log")})
	t.Cleanup(func() { _ = process.Kill(context.Background()) })
	return process
}

func TestAProcessIsKeptInTheStateItIsToldTo(t *testing.T) {
	process := sleeper(t, "-c", "while true; do sleep 1; done")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if err := process.Freeze(); err != nil {
		t.Fatal(err)
	}
	if got := process.Status().State; got != Frozen {
		t.Errorf("frozen, it is %s", got)
	}
	if err := process.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := process.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if status := process.Status(); status.State != Stopped || status.PID != 0 {
		t.Errorf("stopped, it is %+v", status)
	}
	if err := process.Freeze(); err == nil {
		t.Error("a stopped process was frozen")
	}
}

func TestAFrozenProcessCanBeStopped(t *testing.T) {
	process := sleeper(t, "-c", "while true; do sleep 1; done")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if err := process.Freeze(); err != nil {
		t.Fatal(err)
	}
	if err := process.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestAProcessThatEndsIsStartedAgain(t *testing.T) {
	process := sleeper(t, "-c", "exit 3")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	err := wait.Until(t.Context(), 30*time.Second, "a restart", func(context.Context) error {
		if status := process.Status(); status.Restarts == 0 || status.LastExit != "exit status 3" {
			return context.DeadlineExceeded
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestANodeThatIsOffRunsNothing(t *testing.T) {
	process := New(Spec{Name: "test", Path: "/bin/true", Log: filepath.Join(t.TempDir(), "log"), Namespaces: func() int { return 0 }})
	if err := process.Start(); err == nil {
		t.Error("it was started in our own namespaces")
	}
}
