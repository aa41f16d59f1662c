package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/controlplane"
)

const mebibyte = 1 << 20

func (a *app) statusCommand() *cobra.Command {
	command := &cobra.Command{Use: "status", Short: "Show what runs and what is broken", Args: cobra.NoArgs}
	format := formatFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		_, client, err := a.running()
		if err != nil {
			return err
		}
		status, err := client.Status(command.Context())
		if err != nil {
			return err
		}
		return a.print(*format, status, func(w io.Writer) error { return writeStatus(w, status) })
	}
	return command
}

func writeStatus(w io.Writer, status control.Status) error {
	fmt.Fprintf(w, "testbed %s: %s (ready after %.1f s)\n", status.Name, status.Phase, status.ReadySeconds)
	if status.Problem != "" {
		fmt.Fprintln(w, "problem:", status.Problem)
	}
	fmt.Fprintf(w, "kubeconfig: %s\nvia proxy:  %s\naudit log:  %s\n\n", status.Kubeconfig, status.ViaProxy, status.AuditLog)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tSTATE\tPID\tRESTARTS\tMEMORY\tLAST EXIT")
	for _, process := range status.Processes {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d MiB\t%s\n", process.Name, process.State, process.PID,
			process.Restarts, process.RSSBytes/mebibyte, process.LastExit)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, fault := range status.Faults {
		fmt.Fprintf(w, "\nbroken: %s %s (undo: fault %s)", fault.Name, fault.Node, fault.Undo)
	}
	fmt.Fprintln(w)
	return nil
}

func (a *app) nodesCommand() *cobra.Command {
	command := &cobra.Command{Use: "nodes", Short: "List the real nodes", Args: cobra.NoArgs}
	format := formatFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		_, client, err := a.running()
		if err != nil {
			return err
		}
		status, err := client.Status(command.Context())
		if err != nil {
			return err
		}
		return a.print(*format, status.Nodes, func(w io.Writer) error {
			table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "NODE\tADDRESS\tZONE\tPOWER")
			for _, node := range status.Nodes {
				power := "on"
				if node.PID == 0 {
					power = "off"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", node.Name, node.IP, node.Zone, power)
			}
			return table.Flush()
		})
	}
	return command
}

func (a *app) kubeconfigCommand() *cobra.Command {
	var contents, proxy bool
	command := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the administrator's kubeconfig; it works inside (testbed exec)",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			bed, _, err := a.running()
			if err != nil {
				return err
			}
			user := controlplane.Admin
			if proxy {
				user = controlplane.ViaProxy
			}
			if !contents {
				fmt.Fprintln(a.out, bed.Kubeconfig(user))
				return nil
			}
			data, err := os.ReadFile(bed.Kubeconfig(user))
			if err != nil {
				return fmt.Errorf("read the kubeconfig: %w", err)
			}
			_, err = a.out.Write(data)
			return err
		},
	}
	command.Flags().BoolVar(&contents, "contents", false, "print the file instead of its path")
	command.Flags().BoolVar(&proxy, "via-proxy", false, "the one that goes through the fault proxy")
	return command
}

func (a *app) logsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logs [COMPONENT]",
		Short: "Print the log of a component, or list the components",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			bed, err := a.bed()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				file, err := os.Open(bed.Log(filepath.Base(args[0])))
				if err != nil {
					return fmt.Errorf("open the log: %w", err)
				}
				defer func() { _ = file.Close() }()
				_, err = io.Copy(a.out, file)
				return err
			}
			entries, err := os.ReadDir(bed.Path("logs"))
			if err != nil {
				return fmt.Errorf("list the logs: %w", err)
			}
			for _, entry := range entries {
				fmt.Fprintln(a.out, strings.TrimSuffix(entry.Name(), ".log"))
			}
			return nil
		},
	}
}
