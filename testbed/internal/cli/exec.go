package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/keeper"
	"seaworthy.test/testbed/internal/layout"
)

func (a *app) execCommand() *cobra.Command {
	var node string
	command := &cobra.Command{
		Use:   "exec [--node NODE] -- COMMAND [ARGUMENT...]",
		Short: "Run a command inside the testbed, with KUBECONFIG set",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.exec(command, node, args)
		},
	}
	command.Flags().StringVar(&node, "node", "", "run it on this real node instead of beside the control plane")
	return command
}

func (a *app) kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "kubectl [ARGUMENT...]",
		Short:              "Run kubectl inside the testbed",
		DisableFlagParsing: true,
		RunE: func(command *cobra.Command, args []string) error {
			return a.exec(command, "", append([]string{"kubectl"}, args...))
		},
	}
}

// exec runs a command in the testbed's namespaces by means of nsenter, which
// unlike a Go program can also enter a user namespace.
func (a *app) exec(command *cobra.Command, node string, args []string) error {
	bed, client, err := a.running()
	if err != nil {
		return err
	}
	_, first, err := keeper.Pids(bed)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	enter := []string{"--target", strconv.Itoa(first), "--net", "--mount", "--pid", "--ipc", "--uts"}
	if os.Geteuid() != 0 {
		enter = append(enter, "--user", "--preserve-credentials")
	}
	if dir, err := os.Getwd(); err == nil {
		enter = append(enter, "--wdns="+dir)
	}
	inside := []string{program, "inside", "--name", bed.Name}
	if node != "" {
		status, err := client.Status(command.Context())
		if err != nil {
			return err
		}
		pid, err := nodePID(status, node)
		if err != nil {
			return err
		}
		inside = append([]string{"nsenter", "--target", strconv.Itoa(pid), "--net", "--mount", "--pid", "--ipc", "--uts"}, inside...)
	}
	cmd := exec.Command("nsenter", append(append(append(enter, "--"), inside...), append([]string{"--"}, args...)...)...)
	cmd.Env = append(os.Environ(), layout.DirVariable+"="+filepath.Dir(bed.Dir))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// What runs inside does not outlive whoever asked for it. The signal comes
	// when the thread ends that started it, so that one has to stay.
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd.Run()
}

func nodePID(status control.Status, name string) (int, error) {
	for _, node := range status.Nodes {
		if node.Name == name && node.PID != 0 {
			return node.PID, nil
		}
		if node.Name == name {
			return 0, fmt.Errorf("%s is switched off", name)
		}
	}
	return 0, fmt.Errorf("no real node is called %q", name)
}

// runInside becomes the command that exec was asked for.
func runInside(bed layout.Testbed, args []string) error {
	// nsenter, which waits outside, may be killed: then this ends as well.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("tie the command to its caller: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for name, value := range environment(bed, filepath.Dir(program)) {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("run %s inside the testbed: %w", args[0], err)
	}
	if err := syscall.Exec(path, args, os.Environ()); err != nil {
		return fmt.Errorf("run %s inside the testbed: %w", path, err)
	}
	return nil
}

// environment is what a command inside the testbed finds set; peers is the
// folder of programs that were built beside this one.
func environment(bed layout.Testbed, peers string) map[string]string {
	return map[string]string{
		"PATH":                         bed.BinDir() + ":" + peers + ":" + os.Getenv("PATH"),
		"KUBECONFIG":                   bed.Kubeconfig(controlplane.Admin),
		"SEAWORTHY_TESTBED":            bed.Name,
		"SEAWORTHY_TESTBED_PROXY":      bed.Kubeconfig(controlplane.ViaProxy),
		"SEAWORTHY_TESTBED_AUDIT_LOG":  bed.AuditLog(),
		"SEAWORTHY_TESTBED_LOGS":       bed.Path("logs"),
		"SEAWORTHY_TESTBED_CONTROL_IP": layout.ControlPlaneIP,
	}
}

// exitCode is the code to pass on where a command inside has failed.
func exitCode(err error) (int, bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), true
	}
	return exit.ExitCode(), true
}
