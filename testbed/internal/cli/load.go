package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/client/v3"

	"seaworthy.test/testbed/internal/bench"
	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/seed"
)

// insideFlag marks a command that has entered the testbed already.
const insideFlag = "inside-testbed"

// reenter runs the same command inside the testbed, where etcd can be reached.
func (a *app) reenter(command *cobra.Command, args ...string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return a.exec(command, "", append([]string{program, command.Name(), "--name", a.name, "--" + insideFlag}, args...))
}

func insideTestbed(command *cobra.Command) *bool {
	inside := command.Flags().Bool(insideFlag, false, "the command runs inside the testbed already")
	_ = command.Flags().MarkHidden(insideFlag)
	return inside
}

func connectEtcd() (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{layout.EtcdURL}, DialTimeout: 5 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("connect to etcd: %w", err)
	}
	return client, nil
}

func (a *app) seedCommand() *cobra.Command {
	var nodes, pods int
	var keep bool
	command := &cobra.Command{
		Use:   "seed --nodes N --pods M",
		Short: "Fill the cluster with nodes and pods that exist only in etcd",
		Long: "Fill the cluster with nodes, pods and their Deployments, ReplicaSets, Services and EndpointSlices,\n" +
			"written straight into etcd. No kubelet is behind such a node: scheduler and controller manager are\n" +
			"stopped first, or they would find the nodes dead and everything on them to be replaced.",
		Args: cobra.NoArgs,
	}
	inside := insideTestbed(command)
	command.Flags().IntVar(&nodes, "nodes", 100, "nodes")
	command.Flags().IntVar(&pods, "pods", 3000, "pods")
	command.Flags().BoolVar(&keep, "keep-controllers", false, "leave scheduler and controller manager running")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if nodes < 1 || pods < 1 {
			return fmt.Errorf("%d nodes, %d pods: at least one of each", nodes, pods)
		}
		if *inside {
			etcd, err := connectEtcd()
			if err != nil {
				return err
			}
			defer func() { _ = etcd.Close() }()
			return seed.Write(command.Context(), etcd, seed.World{Nodes: nodes, Pods: pods, Born: time.Now()}, a.out)
		}
		if !keep {
			for _, fault := range []string{"stop-scheduler", "stop-controller-manager"} {
				if err := a.order(command, "/fault", control.FaultRequest{Name: fault}); err != nil {
					return err
				}
			}
		}
		return a.reenter(command, "--nodes="+strconv.Itoa(nodes), "--pods="+strconv.Itoa(pods))
	}
	return command
}

func (a *app) churnCommand() *cobra.Command {
	var load bench.Load
	var kind, log string
	command := &cobra.Command{
		Use:   "churn --rate N --changes M",
		Short: "Change pods at a steady rate, straight in etcd, and log when each was changed",
		Args:  cobra.NoArgs,
	}
	inside := insideTestbed(command)
	command.Flags().IntVar(&load.PerSecond, "rate", 1000, "changes per second")
	command.Flags().IntVar(&load.Changes, "changes", 10000, "changes in all")
	command.Flags().StringVar(&kind, "change", string(bench.Touch), "touch, crash or heal")
	command.Flags().StringVar(&load.Namespace, "namespace", "", "change only pods of this namespace")
	command.Flags().StringVar(&log, "log", os.DevNull, "file for one line of JSON per change")
	command.RunE = func(command *cobra.Command, _ []string) error {
		var err error
		if load.Kind, err = bench.ParseKind(kind); err != nil {
			return err
		}
		if !*inside {
			return a.reenter(command, "--rate="+strconv.Itoa(load.PerSecond), "--changes="+strconv.Itoa(load.Changes),
				"--change="+kind, "--namespace="+load.Namespace, "--log="+log)
		}
		return a.churn(command, load, log)
	}
	return command
}

func (a *app) churn(command *cobra.Command, load bench.Load, log string) error {
	file, err := os.Create(log)
	if err != nil {
		return fmt.Errorf("open the log of changes: %w", err)
	}
	defer func() { _ = file.Close() }()
	etcd, err := connectEtcd()
	if err != nil {
		return err
	}
	defer func() { _ = etcd.Close() }()
	summary, err := load.Run(command.Context(), etcd, io.Writer(file))
	if err != nil {
		return err
	}
	return json.NewEncoder(a.out).Encode(summary)
}
