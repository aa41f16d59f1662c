package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/faults"
	"seaworthy.test/testbed/internal/images"
)

func (a *app) faultCommand() *cobra.Command {
	var request control.FaultRequest
	var settings []string
	command := &cobra.Command{
		Use:   "fault NAME [--node NODE] [--undo] [--set KEY=VALUE]...",
		Short: "Break something on purpose, or mend it; `fault list` describes every fault",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			// Found out here as well, so that a typing error needs no testbed.
			if _, _, err := faults.Find(args[0]); err != nil {
				return err
			}
			request.Name = args[0]
			request.Params = map[string]string{}
			for _, setting := range settings {
				key, value, ok := strings.Cut(setting, "=")
				if !ok {
					return fmt.Errorf("setting %q: write KEY=VALUE", setting)
				}
				request.Params[key] = value
			}
			return a.order(command, "/fault", request)
		},
	}
	command.Flags().StringVar(&request.Node, "node", "", "the node concerned")
	command.Flags().BoolVar(&request.Undo, "undo", false, "end the fault")
	command.Flags().StringArrayVar(&settings, "set", nil, "a setting of the fault")
	command.AddCommand(a.faultListCommand())
	return command
}

// listedFault is a fault as `fault list -o json` shows it.
type listedFault struct {
	Name     string            `json:"name"`
	Undo     string            `json:"undo,omitempty"`
	Summary  string            `json:"summary"`
	OnNode   bool              `json:"onNode"`
	Settings map[string]string `json:"settings,omitempty"`
}

func (a *app) faultListCommand() *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "Describe every fault", Args: cobra.NoArgs}
	format := formatFlag(command)
	command.RunE = func(*cobra.Command, []string) error {
		var list []listedFault
		for _, fault := range faults.Table {
			listed := listedFault{Name: fault.Name, Undo: fault.Undo, Summary: fault.Summary, OnNode: fault.OnNode}
			for _, param := range fault.Params {
				if listed.Settings == nil {
					listed.Settings = map[string]string{}
				}
				listed.Settings[param.Name] = fmt.Sprintf("%s (default %q)", param.Help, param.Default)
			}
			list = append(list, listed)
		}
		return a.print(*format, list, writeFaults)
	}
	return command
}

func writeFaults(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FAULT\tUNDO\tON\tWHAT HAPPENS")
	for _, fault := range faults.Table {
		on, undo := "cluster", fault.Undo
		if fault.OnNode {
			on = "node"
		}
		if undo == "" {
			undo = "(passes)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", fault.Name, undo, on, fault.Summary)
		for _, param := range fault.Params {
			fmt.Fprintf(table, "  --set %s=%s\t\t\t  %s\n", param.Name, param.Default, param.Help)
		}
	}
	return table.Flush()
}

func (a *app) imageCommand() *cobra.Command {
	request := control.ImageRequest{}
	command := &cobra.Command{
		Use:   "image BINARY",
		Short: "Make an image of a static binary and put it on every real node",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			binary, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("find %s: %w", args[0], err)
			}
			request.Binary = binary
			if request.Name == "" {
				request.Name = filepath.Base(binary)
			}
			return a.order(command, "/image", request)
		},
	}
	command.Flags().StringVar(&request.Reference, "reference", images.Seaworthy, "what the image is called")
	command.Flags().StringVar(&request.Name, "as", "", "what the program is called in it (default: as the file)")
	return command
}

// order posts a request to the supervisor and prints what it says.
func (a *app) order(command *cobra.Command, path string, request any) error {
	_, client, err := a.running()
	if err != nil {
		return err
	}
	said, err := client.Order(command.Context(), path, request)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, said)
	return nil
}
