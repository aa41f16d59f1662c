// Package nodes runs real Kubernetes nodes: each is a set of namespaces with a
// disk, a network interface and a cgroup folder of its own, in which a
// containerd, a kubelet and a kube-proxy run.
package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"

	"seaworthy.test/testbed/internal/cgroups"
	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/namespaces"
	"seaworthy.test/testbed/internal/network"
	"seaworthy.test/testbed/internal/pki"
	"seaworthy.test/testbed/internal/process"
	"seaworthy.test/testbed/internal/wait"
)

// containerdPatience bounds the wait for a containerd to answer.
const containerdPatience = 60 * time.Second

// diskSize is what a node's file system may hold. The image is sparse: it takes
// from the machine only what is written.
const diskSize = 4 << 30

// Node is one real node.
type Node struct {
	layout.Node
	Containerd *process.Process
	Kubelet    *process.Process
	KubeProxy  *process.Process

	bed     layout.Testbed
	program string
	peers   []layout.Node

	mu    sync.Mutex
	first *exec.Cmd // the node's first process; nil while the power is off
}

// New prepares a node: its identities, configuration and disk. program is the
// binary that kubelet and kube-proxy are part of, pause the image that holds a
// pod's namespaces, registry the URL that images come from.
func New(bed layout.Testbed, place layout.Node, peers []layout.Node, program, pause, registry string, ids *controlplane.Identities) (*Node, error) {
	node := &Node{Node: place, bed: bed, program: program, peers: peers}
	if err := os.MkdirAll(place.Path(), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of %s: %w", place.Name, err)
	}
	if err := node.writeIdentities(ids); err != nil {
		return nil, err
	}
	if err := node.writeConfigs(pause, registry); err != nil {
		return nil, err
	}
	if err := node.makeDisk(); err != nil {
		return nil, err
	}
	if err := cgroups.Create(place.CgroupRoot()); err != nil {
		return nil, fmt.Errorf("make the cgroup of %s: %w", place.Name, err)
	}
	node.Containerd = node.process("containerd", "containerd", "--config", place.Path("containerd.toml"))
	node.Kubelet = node.process("kubelet", program, append([]string{"kubelet"}, kubeletFlags(bed, place)...)...)
	node.KubeProxy = node.process("kube-proxy", program, "kube-proxy", "--config="+place.Path("kube-proxy.yaml"))
	return node, nil
}

func (n *Node) process(component, path string, args ...string) *process.Process {
	name := component + "@" + n.Name
	return process.New(process.Spec{
		Name: name, Path: path, Args: args,
		Env: controlplane.Environment(), Log: n.bed.Log(name), Namespaces: n.PID,
	})
}

// Processes of the node in the order in which they start.
func (n *Node) Processes() []*process.Process {
	return []*process.Process{n.Containerd, n.Kubelet, n.KubeProxy}
}

// PID is the node's first process; zero while the power is off.
func (n *Node) PID() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.first == nil {
		return 0
	}
	return n.first.Process.Pid
}

func (n *Node) writeIdentities(ids *controlplane.Identities) error {
	serving, err := ids.Authority.Issue(pki.Subject{User: n.Name, Hosts: []string{n.Name, n.IP()}})
	if err != nil {
		return err
	}
	if err := serving.Write(n.Path(), "kubelet"); err != nil {
		return err
	}
	return ids.WriteKubeconfig(n.Name, controlplane.APIServer(), pki.Subject{
		User: "system:node:" + n.Name, Groups: []string{"system:nodes"},
	})
}

func (n *Node) writeConfigs(pause, registry string) error {
	cni, err := cniConfigList(n.Node)
	if err != nil {
		return err
	}
	hosts := n.Path("registry", "seaworthy.test")
	if err := os.MkdirAll(hosts, 0o755); err != nil {
		return fmt.Errorf("make the registry folder of %s: %w", n.Name, err)
	}
	files := map[string]string{
		n.Path("containerd.toml"):                          containerdConfig(n.Node, pause),
		n.Path("kube-proxy.yaml"):                          kubeProxyConfig(n.Node, n.bed.Kubeconfig(controlplane.KubeProxy)),
		n.Path("cni.conflist"):                             cni,
		n.Path("registry", "seaworthy.test", "hosts.toml"): registryHosts(registry),
	}
	for path, content := range files {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return n.SetThresholds(DefaultThresholds())
}

// SetThresholds writes other eviction thresholds, which the kubelet reads when
// it starts the next time.
func (n *Node) SetThresholds(thresholds Thresholds) error {
	config := kubeletConfig(n.bed, n.Node, thresholds)
	if err := os.WriteFile(n.Path("kubelet.yaml"), []byte(config), 0o644); err != nil {
		return fmt.Errorf("write the kubelet's configuration of %s: %w", n.Name, err)
	}
	return nil
}

func (n *Node) makeDisk() error {
	file, err := os.Create(n.Disk())
	if err != nil {
		return fmt.Errorf("make the disk of %s: %w", n.Name, err)
	}
	if err := errors.Join(file.Truncate(diskSize), file.Close()); err != nil {
		return fmt.Errorf("size the disk of %s: %w", n.Name, err)
	}
	// Without a journal and without touching blocks that nobody asked for yet.
	output, err := exec.Command("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0",
		"-E", "lazy_itable_init=1,nodiscard", n.Disk()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("format the disk of %s: %w: %s", n.Name, err, output)
	}
	return nil
}

// PowerOn starts the node up to a containerd that answers.
func (n *Node) PowerOn(ctx context.Context) error {
	if err := n.startFirst(); err != nil {
		return err
	}
	if err := network.Connect(n.Node, n.PID(), n.peers); err != nil {
		return err
	}
	if err := n.WriteCNI(); err != nil {
		return err
	}
	if err := n.Containerd.Start(); err != nil {
		return err
	}
	return n.WaitContainerd(ctx)
}

// WaitContainerd waits until the node's containerd accepts calls.
func (n *Node) WaitContainerd(ctx context.Context) error {
	return wait.Until(ctx, containerdPatience, "containerd of "+n.Name, func(context.Context) error {
		connection, err := net.Dial("unix", n.Inside(containerdSocket))
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

// Join starts what makes the node part of the cluster.
func (n *Node) Join() error {
	return errors.Join(n.Kubelet.Start(), n.KubeProxy.Start())
}

// PowerOff ends everything on the node at once, as a loss of power would.
func (n *Node) PowerOff(ctx context.Context) error {
	n.mu.Lock()
	first := n.first
	n.mu.Unlock()
	if first == nil {
		return nil
	}
	if err := first.Process.Kill(); err != nil {
		return fmt.Errorf("switch %s off: %w", n.Name, err)
	}
	var errs []error
	for _, process := range n.Processes() {
		errs = append(errs, process.Kill(ctx))
	}
	// The signal ends it; how is of no interest.
	_ = first.Wait()
	n.mu.Lock()
	n.first = nil
	n.mu.Unlock()
	// What a reboot would have cleared: a kubelet looks long for containers
	// whose cgroups are still there.
	errs = append(errs, network.Disconnect(n.Node), cgroups.Remove(n.CgroupRoot()), cgroups.Create(n.CgroupRoot()))
	return errors.Join(errs...)
}

// Inside is where a path of the node's file system is seen from outside of it.
func (n *Node) Inside(path string) string {
	return fmt.Sprintf("/proc/%d/root%s", n.PID(), path)
}

// WriteCNI puts the pod network's configuration in place.
func (n *Node) WriteCNI() error {
	data, err := os.ReadFile(n.Path("cni.conflist"))
	if err != nil {
		return fmt.Errorf("read the CNI configuration of %s: %w", n.Name, err)
	}
	if err := os.WriteFile(n.Inside(cniConfig), data, 0o644); err != nil {
		return fmt.Errorf("write the CNI configuration of %s: %w", n.Name, err)
	}
	return nil
}

// RemoveCNI takes the pod network's configuration away.
func (n *Node) RemoveCNI() error {
	if err := os.Remove(n.Inside(cniConfig)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the CNI configuration of %s: %w", n.Name, err)
	}
	return nil
}

// Import loads an OCI archive into the node's containerd.
func (n *Node) Import(archive string) error {
	err := namespaces.RunIn(n.PID(), "ctr", "--address", containerdSocket, "--namespace", "k8s.io",
		"images", "import", "--all-platforms", archive)
	if err != nil {
		return fmt.Errorf("import %s on %s: %w", archive, n.Name, err)
	}
	return nil
}

func (n *Node) startFirst() error {
	covers, err := writeCovers(n.Path("covers"), string(uuid.NewUUID()))
	if err != nil {
		return err
	}
	spec, err := json.Marshal(InitSpec{Hostname: n.Name, Disk: n.Disk(), Covers: covers})
	if err != nil {
		return fmt.Errorf("write the specification of %s: %w", n.Name, err)
	}
	specFile := n.Path("init.json")
	if err := os.WriteFile(specFile, spec, 0o644); err != nil {
		return fmt.Errorf("write the specification of %s: %w", n.Name, err)
	}
	log, err := os.OpenFile(n.bed.Log("init@"+n.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", n.Name, err)
	}
	defer func() { _ = log.Close() }()
	ready, said, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = ready.Close() }()
	cmd := exec.Command(n.program, "node-init", specFile)
	cmd.Env = controlplane.Environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{said}
	namespaces.Isolate(cmd)
	err = cmd.Start()
	_ = said.Close()
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	// The pipe ends when the node has said it is ready, or has failed to be.
	if answer, err := io.ReadAll(ready); err != nil || string(answer) != "ready" {
		_ = cmd.Wait()
		return fmt.Errorf("%s did not start: see %s", n.Name, log.Name())
	}
	n.mu.Lock()
	n.first = cmd
	n.mu.Unlock()
	return nil
}
