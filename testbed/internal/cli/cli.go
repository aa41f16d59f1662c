// Package cli is the testbed's command line.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/keeper"
	"seaworthy.test/testbed/internal/layout"
)

// app is what all commands share.
type app struct {
	name string
	out  io.Writer
}

// Run carries out the command line and returns the exit code.
func Run(args []string) int {
	a := &app{out: os.Stdout}
	root := &cobra.Command{
		Use:           "testbed",
		Short:         "A real Kubernetes cluster with real nodes on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
		// So that --name may come before a command that leaves flags to kubectl.
		TraverseChildren: true,
	}
	root.PersistentFlags().StringVar(&a.name, "name", defaultName(), "which testbed, where there are several")
	root.AddCommand(
		a.upCommand(), a.downCommand(), a.execCommand(), a.kubectlCommand(), a.kubeconfigCommand(),
		a.statusCommand(), a.nodesCommand(), a.logsCommand(), a.faultCommand(), a.imageCommand(), a.seedCommand(), a.churnCommand(), a.selftestCommand(),
	)
	root.AddCommand(a.innerCommands()...)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	if code, ok := exitCode(err); ok {
		return code
	}
	fmt.Fprintln(os.Stderr, "testbed:", err)
	return 1
}

// defaultName lets a shell or a test settle the testbed once.
func defaultName() string {
	if name := os.Getenv("SEAWORTHY_TESTBED"); name != "" {
		return name
	}
	return layout.DefaultName
}

func (a *app) bed() (layout.Testbed, error) { return layout.Open(a.name) }

// running returns the testbed and a client for its supervisor.
func (a *app) running() (layout.Testbed, *control.Client, error) {
	bed, err := a.bed()
	if err != nil {
		return bed, nil, err
	}
	if !keeper.Alive(bed) {
		return bed, nil, fmt.Errorf("testbed %q is not up: bring it up with `cargo xtask testbed up --name %s`", bed.Name, bed.Name)
	}
	return bed, control.NewClient(bed.ControlSocket()), nil
}

// formatFlag adds -o to a command.
func formatFlag(command *cobra.Command) *string {
	return command.Flags().StringP("output", "o", "text", "text or json")
}

// print writes value as JSON, or what text writes.
func (a *app) print(format string, value any, text func(io.Writer) error) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(a.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case "text":
		return text(a.out)
	default:
		return fmt.Errorf("output %q: choose text or json", format)
	}
}
