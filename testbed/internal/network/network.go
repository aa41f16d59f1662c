// Package network lays the testbed's cables: a bridge that joins the control
// plane with its nodes, and routes to the nodes' pods. There is no default
// route anywhere: what nobody here serves cannot be reached.
package network

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/namespaces"
)

// bridge is the interface of the control plane on the node network.
const bridge = "cluster0"

// SetUp configures the control plane's namespace, in which it is called.
func SetUp() error {
	if err := batch(0,
		"link set lo up",
		"link add "+bridge+" type bridge",
		"addr add "+layout.ControlPlaneIP+"/24 dev "+bridge,
		"link set "+bridge+" up",
	); err != nil {
		return fmt.Errorf("set up the node network: %w", err)
	}
	return forward()
}

// forward lets this namespace pass packets on.
func forward() error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("allow forwarding: %w", err)
	}
	return nil
}

// Connect lays a cable to a node whose first process is pid, and routes to the
// pods of every other node in peers.
func Connect(node layout.Node, pid int, peers []layout.Node) error {
	if err := batch(0,
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d", node.Link(), node.MAC(), pid),
		fmt.Sprintf("link set %s master %s up", node.Link(), bridge),
		fmt.Sprintf("route replace %s via %s", node.PodCIDR(), node.IP()),
	); err != nil {
		return fmt.Errorf("lay the cable to %s: %w", node.Name, err)
	}
	commands := []string{
		"link set lo up",
		"addr add " + node.IP() + "/24 dev eth0",
		"link set eth0 up",
		// Packets to a ClusterIP are rewritten before they leave, but only
		// if there seems to be a way for them to go.
		"route add " + layout.ServiceNetwork + " dev eth0",
	}
	for _, peer := range peers {
		if peer.Index != node.Index {
			commands = append(commands, fmt.Sprintf("route add %s via %s", peer.PodCIDR(), peer.IP()))
		}
	}
	if err := batch(pid, commands...); err != nil {
		return fmt.Errorf("set up the network of %s: %w", node.Name, err)
	}
	if err := namespaces.RunIn(pid, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"); err != nil {
		return fmt.Errorf("allow forwarding on %s: %w", node.Name, err)
	}
	return nil
}

// Disconnect takes the node's cable away for good. The kernel would do so, but
// at its leisure, and the next cable has the same name.
func Disconnect(node layout.Node) error {
	if _, err := net.InterfaceByName(node.Link()); err != nil {
		return nil // gone already
	}
	if err := batch(0, "link delete "+node.Link()); err != nil {
		if _, missing := net.InterfaceByName(node.Link()); missing != nil {
			return nil // gone meanwhile
		}
		return fmt.Errorf("take the cable of %s away: %w", node.Name, err)
	}
	return nil
}

// Cut takes the node's cable out.
func Cut(node layout.Node) error { return setLink(node, "down") }

// Mend puts the node's cable back.
func Mend(node layout.Node) error { return setLink(node, "up") }

func setLink(node layout.Node, state string) error {
	if err := batch(0, fmt.Sprintf("link set %s %s", node.Link(), state)); err != nil {
		return fmt.Errorf("set the cable of %s %s: %w", node.Name, state, err)
	}
	return nil
}

// batch runs ip commands in the namespaces of process pid (zero: our own).
func batch(pid int, commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := namespaces.StartIn(pid, cmd); err != nil {
		return fmt.Errorf("start ip: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, strings.TrimSpace(output.String()))
	}
	return nil
}
