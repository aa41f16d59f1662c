package cli

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"seaworthy.test/testbed/internal/keeper"
	"seaworthy.test/testbed/internal/nodes"
	"seaworthy.test/testbed/internal/selftest"
	"seaworthy.test/testbed/internal/supervisor"
)

// innerCommands are the parts that a testbed starts itself as.
func (a *app) innerCommands() []*cobra.Command {
	keep := &cobra.Command{Use: "keep", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		bed, err := a.bed()
		if err != nil {
			return err
		}
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		return keeper.Run(bed, program)
	}}
	first := &cobra.Command{Use: "init", Args: cobra.MinimumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		code, err := keeper.RunInit(args)
		if err == nil {
			os.Exit(code)
		}
		return err
	}}
	supervise := &cobra.Command{Use: "supervise", Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
		return a.supervise(command)
	}}
	nodeInit := &cobra.Command{Use: "node-init", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		return nodes.RunInit(args[0])
	}}
	inside := &cobra.Command{Use: "inside", Args: cobra.MinimumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		bed, err := a.bed()
		if err != nil {
			return err
		}
		return runInside(bed, args)
	}}
	checks := &cobra.Command{Use: "selftest-inside", Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
		bed, err := a.bed()
		if err != nil {
			return err
		}
		return selftest.RunInside(command.Context(), bed, a.out)
	}}
	commands := []*cobra.Command{keep, first, supervise, nodeInit, inside, checks}
	for _, command := range commands {
		command.Hidden = true
	}
	return commands
}

func (a *app) supervise(command *cobra.Command) error {
	bed, err := a.bed()
	if err != nil {
		return err
	}
	// Ends only by order or with its keeper, not by a key press in a terminal.
	signal.Ignore(os.Interrupt)
	options, err := supervisor.LoadOptions(bed)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	go func() {
		if err := keeper.WatchLifeline(bed); err != nil {
			slog.Error("clearing up after the keeper's end failed", "error", err)
		}
		os.Exit(1)
	}()
	return supervisor.New(bed, options, program).Run(command.Context())
}

func (a *app) selftestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "selftest",
		Short: "Show that pods fail, faults come and go, and nothing stays behind, in testbeds of its own",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			name := "selftest"
			if command.Flags().Changed("name") {
				name = a.name
			}
			return selftest.Run(command.Context(), program, name, a.out)
		},
	}
}
