// Package layout says where a testbed keeps its files and which addresses its
// parts have. Everything that could clash between two testbeds on one machine
// is derived from the testbed's name; addresses need not be, because each
// testbed has a network namespace of its own.
package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Addresses inside every testbed.
const (
	// ControlPlaneIP is where the API server, the registry and the API proxy listen.
	ControlPlaneIP = "10.90.0.1"
	// NodeNetwork joins the control plane and the nodes.
	NodeNetwork = "10.90.0.0/24"
	// PodNetwork holds one /24 per node.
	PodNetwork = "10.91.0.0/16"
	// ServiceNetwork is the range of ClusterIPs.
	ServiceNetwork = "10.96.0.0/16"
	// KubernetesServiceIP is the first of the service network.
	KubernetesServiceIP = "10.96.0.1"

	// APIServerPort serves the API.
	APIServerPort = 6443
	// APIProxyPort serves the same API through the fault proxy.
	APIProxyPort = 6444
	// RegistryPort serves images over plain HTTP.
	RegistryPort = 5000
)

// EtcdURL is where etcd listens: on loopback, so no pod can reach it.
const EtcdURL = "http://127.0.0.1:2379"

// Version of Kubernetes that this testbed is built from.
const Version = "v1.37.2"

// DefaultName is the testbed's name where none is given.
const DefaultName = "default"

// DirVariable names the folder that holds every testbed's folder. Inside a
// testbed it is set: without root one seems to be root there.
const DirVariable = "SEAWORTHY_TESTBED_DIR"

// nameRule keeps a name usable in file, cgroup and socket paths.
var nameRule = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Testbed locates one testbed by its name.
type Testbed struct {
	Name string
	Dir  string
}

// Open returns the layout of the testbed called name; nothing is created.
func Open(name string) (Testbed, error) {
	if !nameRule.MatchString(name) {
		return Testbed{}, fmt.Errorf("testbed name %q: use up to 32 lower-case letters, digits and dashes", name)
	}
	base, err := BaseDir()
	if err != nil {
		return Testbed{}, err
	}
	return Testbed{Name: name, Dir: filepath.Join(base, name)}, nil
}

// BaseDir is the folder that holds every testbed's folder.
func BaseDir() (string, error) {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir, nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/seaworthy-testbed", nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "seaworthy-testbed"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the testbed's state (set %s): %w", DirVariable, err)
	}
	return filepath.Join(home, ".local", "state", "seaworthy-testbed"), nil
}

// Path joins elements below the testbed's folder.
func (t Testbed) Path(elements ...string) string {
	return filepath.Join(append([]string{t.Dir}, elements...)...)
}

// ControlSocket is where the supervisor takes orders.
func (t Testbed) ControlSocket() string { return t.Path("control.sock") }

// Lock is held by the keeper for as long as the testbed lives.
func (t Testbed) Lock() string { return t.Path("keeper.lock") }

// Log is the log file of a component.
func (t Testbed) Log(component string) string { return t.Path("logs", component+".log") }

// Config is a configuration file of a component.
func (t Testbed) Config(file string) string { return t.Path("config", file) }

// Kubeconfig is the kubeconfig of a user of the cluster.
func (t Testbed) Kubeconfig(user string) string { return t.Path("kubeconfig", user) }

// AuditLog is the API server's audit log, one JSON object per line.
func (t Testbed) AuditLog() string { return t.Path("audit", "audit.log") }

// BinDir holds links by which the testbed's programs can be called by name.
func (t Testbed) BinDir() string { return t.Path("bin") }

// CgroupParent is the testbed's folder below the root of every cgroup hierarchy.
func (t Testbed) CgroupParent() string { return "/seaworthy-testbed/" + t.Name }

// Node is the place of one real node in a testbed.
type Node struct {
	Name string
	// Index counts from one.
	Index int
	bed   Testbed
}

// Node returns the real node with an index that counts from one.
func (t Testbed) Node(index int) Node {
	return Node{Name: fmt.Sprintf("node-%d", index), Index: index, bed: t}
}

// IP is the node's address on the node network.
func (n Node) IP() string { return fmt.Sprintf("10.90.0.%d", 10+n.Index) }

// MAC is the node's hardware address. It stays when the node is switched off and
// on: its neighbours would go on sending to an old one for half a minute.
func (n Node) MAC() string { return fmt.Sprintf("02:5e:a0:00:00:%02x", n.Index) }

// PodCIDR is the node's part of the pod network.
func (n Node) PodCIDR() string { return fmt.Sprintf("10.91.%d.0/24", n.Index) }

// Zone spreads nodes over three zones.
func (n Node) Zone() string { return "zone-" + string(rune('a'+(n.Index-1)%3)) }

// Path joins elements below the node's folder.
func (n Node) Path(elements ...string) string {
	return n.bed.Path(append([]string{"nodes", n.Name}, elements...)...)
}

// Disk is the image of the file system that holds what the node writes.
func (n Node) Disk() string { return n.Path("disk.img") }

// CgroupRoot is the node's cgroup folder, below which its pods run.
func (n Node) CgroupRoot() string { return n.bed.CgroupParent() + "/" + n.Name }

// Link is the node's end of its cable in the control plane's namespace.
func (n Node) Link() string { return fmt.Sprintf("port%d", n.Index) }
