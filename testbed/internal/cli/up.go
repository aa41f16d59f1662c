package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"seaworthy.test/testbed/internal/cgroups"
	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/keeper"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/nodes"
	"seaworthy.test/testbed/internal/supervisor"
)

const (
	// upPatience bounds the whole of up; a machine under load needs more than the usual ten seconds.
	upPatience = 3 * time.Minute
	// launchPatience is what a keeper has to take its lock.
	launchPatience = 5 * time.Second
	// downPatience bounds the wait for the keeper to have cleared up.
	downPatience = 30 * time.Second
)

// programs can be called by name inside the testbed.
var programs = []string{"kubectl", "etcd", "kube-apiserver"}

func (a *app) upCommand() *cobra.Command {
	var options supervisor.Options
	command := &cobra.Command{
		Use:   "up",
		Short: "Bring the testbed up and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return a.up(command.Context(), options)
		},
	}
	command.Flags().IntVar(&options.RealNodes, "real-nodes", 2, "nodes with a kubelet and containers (need root)")
	command.Flags().IntVar(&options.FakeNodes, "fake-nodes", 0, "nodes that KWOK pretends to be")
	return command
}

func (a *app) up(ctx context.Context, options supervisor.Options) error {
	bed, err := a.bed()
	if err != nil {
		return err
	}
	if reason := noRealNodes(); reason != "" && options.RealNodes > 0 {
		fmt.Fprintf(a.out, "%s: the %d real nodes are left out, only the control plane and fake nodes run\n", reason, options.RealNodes)
		options.RealNodes = 0
	}
	if !keeper.Alive(bed) {
		if err := launch(bed, options); err != nil {
			return err
		}
	} else if existing, err := supervisor.LoadOptions(bed); err != nil || existing != options {
		return fmt.Errorf("testbed %q is up already, but with other options: take it down first or choose another --name", bed.Name)
	}
	return a.follow(ctx, bed)
}

// noRealNodes is why real nodes cannot run here; empty if they can.
func noRealNodes() string {
	if os.Geteuid() != 0 {
		return "no root"
	}
	if missing := nodes.Missing(); len(missing) > 0 {
		return "this machine has no " + strings.Join(missing, ", ")
	}
	return ""
}

// launch clears what an earlier testbed of that name left and starts the keeper.
func launch(bed layout.Testbed, options supervisor.Options) error {
	if err := clear(bed); err != nil {
		return err
	}
	for _, dir := range []string{bed.Dir, bed.BinDir(), bed.Path("logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the testbed's folder: %w", err)
		}
	}
	if err := options.Store(bed); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for _, name := range programs {
		if err := os.Symlink(program, bed.Path("bin", name)); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	log, err := os.Create(bed.Log("supervisor"))
	if err != nil {
		return fmt.Errorf("open the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, "keep", "--name", bed.Name)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the testbed: %w", err)
	}
	return cmd.Process.Release()
}

// clear removes what is left of a testbed that is not running.
func clear(bed layout.Testbed) error {
	if os.Geteuid() == 0 {
		if err := cgroups.Remove(bed.CgroupParent()); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(bed.Dir); err != nil {
		return fmt.Errorf("remove the testbed's folder: %w", err)
	}
	return nil
}

// follow prints the testbed's progress until it is ready or has failed.
func (a *app) follow(ctx context.Context, bed layout.Testbed) error {
	ctx, cancel := context.WithTimeout(ctx, upPatience)
	defer cancel()
	client := control.NewClient(bed.ControlSocket())
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	shown, seen, started := 0, false, time.Now()
	for {
		status, err := client.Status(ctx)
		if err == nil {
			seen = true
			for ; shown < len(status.Steps); shown++ {
				fmt.Fprintln(a.out, status.Steps[shown])
			}
			switch status.Phase {
			case control.Ready:
				fmt.Fprintf(a.out, "testbed %q is ready (%.1f s)\n", bed.Name, status.ReadySeconds)
				return nil
			case control.Failed:
				return fmt.Errorf("the testbed did not come up: %s; its logs are in %s", status.Problem, bed.Path("logs"))
			case control.Starting:
			}
		} else if !keeper.Alive(bed) && (seen || time.Since(started) > launchPatience) {
			return fmt.Errorf("the testbed ended while it came up:\n%s", lastLines(bed.Log("supervisor"), 10))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the testbed is not ready after %s:\n%s", upPatience, lastLines(bed.Log("supervisor"), 10))
		case <-ticker.C:
		}
	}
}

func (a *app) downCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Take the testbed down; nothing of it stays",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			bed, err := a.bed()
			if err != nil {
				return err
			}
			if keeper.Alive(bed) {
				if err := end(command.Context(), bed); err != nil {
					return err
				}
			}
			if err := clear(bed); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "testbed %q is down\n", bed.Name)
			return nil
		},
	}
}

// end asks the supervisor to end, kills it if it does not answer, and waits for
// the keeper.
func end(ctx context.Context, bed layout.Testbed) error {
	ctx, cancel := context.WithTimeout(ctx, downPatience)
	defer cancel()
	asking, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if _, err := control.NewClient(bed.ControlSocket()).Order(asking, "/shutdown", struct{}{}); err != nil {
		// The lock is held, so these numbers are its keeper's and no one else's.
		_, first, pidErr := keeper.Pids(bed)
		if pidErr != nil {
			return errors.Join(err, pidErr)
		}
		if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
			return fmt.Errorf("end a testbed that does not answer: %w", err)
		}
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for keeper.Alive(bed) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the testbed has not ended after %s: see %s", downPatience, bed.Log("supervisor"))
		case <-ticker.C:
		}
	}
	return nil
}

// lastLines is the end of a file, for an error message.
func lastLines(path string, most int) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = file.Close() }()
	var lines []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
		if len(lines) > most {
			lines = lines[1:]
		}
	}
	text := ""
	for _, line := range lines {
		text += "  " + line + "\n"
	}
	return text
}
