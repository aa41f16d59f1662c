package nodes

import (
	"encoding/json"
	"fmt"
	"strings"

	"seaworthy.test/testbed/internal/layout"
)

// Places inside a node's mount namespace. Its /run is its own; the disk that
// everything is written to is mounted below it.
const (
	disk              = "/run/disk"
	containerdSocket  = "/run/containerd/containerd.sock"
	cniConfigDir      = "/run/cni/net.d"
	cniConfig         = cniConfigDir + "/10-pods.conflist"
	podLogs           = disk + "/log"
	kubeletRoot       = disk + "/kubelet"
	containerdContent = disk + "/containerd"
)

// Thresholds are the amounts below which a kubelet reports pressure and evicts.
type Thresholds struct {
	// MemoryAvailable and NodefsAvailable are quantities or percentages.
	MemoryAvailable string
	NodefsAvailable string
}

// DefaultThresholds are those of a healthy node.
func DefaultThresholds() Thresholds {
	return Thresholds{MemoryAvailable: "100Mi", NodefsAvailable: "10%"}
}

// kubeletConfig shortens what tests would wait for: restart back-off of
// containers is at most 5 s (upstream: 300 s), leases and status follow the
// controller manager's shortened grace period, pressure passes after 5 s.
// Images stay, also those that no container uses at the moment: they are what
// the testbed put there, and a kubelet that made room by them would be out of
// disk pressure before anybody has seen it.
func kubeletConfig(bed layout.Testbed, node layout.Node, thresholds Thresholds) string {
	return strings.NewReplacer(
		"$ip", node.IP(),
		"$dns", layout.ControlPlaneIP,
		"$ca", bed.Path("pki", "ca.crt"),
		"$cert", node.Path("kubelet.crt"),
		"$key", node.Path("kubelet.key"),
		"$cgroup", node.CgroupRoot(),
		"$socket", containerdSocket,
		"$logs", podLogs,
		"$plugins", disk+"/plugins",
		"$resolv", bed.Config("resolv.conf"),
		"$memory", thresholds.MemoryAvailable,
		"$nodefs", thresholds.NodefsAvailable,
	).Replace(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $ip
healthzBindAddress: 127.0.0.1
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true, cacheTTL: 2s}
  x509: {clientCAFile: "$ca"}
authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 2s, cacheUnauthorizedTTL: 2s}}
tlsCertFile: "$cert"
tlsPrivateKeyFile: "$key"
cgroupDriver: cgroupfs
cgroupRoot: "$cgroup"
failCgroupV1: false
enforceNodeAllocatable: [pods]
failSwapOn: false
oomScoreAdj: 0
containerRuntimeEndpoint: "unix://$socket"
podLogsDir: "$logs"
volumePluginDir: "$plugins"
resolvConf: "$resolv"
clusterDomain: cluster.local
clusterDNS: [$dns]
serializeImagePulls: false
imageMinimumGCAge: 24h
nodeStatusUpdateFrequency: 2s
nodeLeaseDurationSeconds: 8
syncFrequency: 10s
crashLoopBackOff: {maxContainerRestartPeriod: 5s}
featureGates: {KubeletCrashLoopBackOffMax: true}
evictionHard: {memory.available: "$memory", nodefs.available: "$nodefs", imagefs.available: "$nodefs"}
evictionPressureTransitionPeriod: 5s
kubeAPIQPS: 100
kubeAPIBurst: 200
`)
}

// containerdConfig suits a machine without systemd, AppArmor profiles and
// CAP_SYS_RESOURCE; images come from the testbed's registry only.
func containerdConfig(node layout.Node, pause string) string {
	return fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = %q

[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd-opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`, containerdContent, containerdSocket, pause, cniConfigDir, node.Path("registry"))
}

// cniConfigList gives every pod a cable of its own to its node, so that all its
// packets pass the node's iptables, also those between pods of one node.
func cniConfigList(node layout.Node) (string, error) {
	list := map[string]any{
		"cniVersion": "1.0.0",
		"name":       "pods",
		"plugins": []any{
			map[string]any{
				"type": "ptp",
				"ipam": map[string]any{
					"type":    "host-local",
					"dataDir": "/run/cni/addresses",
					"ranges":  []any{[]any{map[string]string{"subnet": node.PodCIDR()}}},
					"routes":  []any{map[string]string{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return "", fmt.Errorf("render the CNI configuration: %w", err)
	}
	return string(data), nil
}

// kubeProxyConfig leaves the machine's connection tracking limits alone: they
// do not belong to the testbed.
func kubeProxyConfig(node layout.Node, kubeconfig string) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: %s
clientConnection: {kubeconfig: %q}
clusterCIDR: %s
bindAddress: %s
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms, syncPeriod: 30s}
`, node.Name, kubeconfig, layout.PodNetwork, node.IP())
}

// kubeletFlags are the settings that have no place in the configuration file.
func kubeletFlags(bed layout.Testbed, node layout.Node) []string {
	labels := []string{
		"topology.kubernetes.io/zone=" + node.Zone(),
		"topology.kubernetes.io/region=testbed",
		"seaworthy.test/real=true",
	}
	return []string{
		"--config=" + node.Path("kubelet.yaml"),
		"--kubeconfig=" + bed.Kubeconfig(node.Name),
		"--hostname-override=" + node.Name,
		"--node-ip=" + node.IP(),
		"--root-dir=" + kubeletRoot,
		"--cert-dir=" + kubeletRoot + "/pki",
		"--node-labels=" + strings.Join(labels, ","),
	}
}

// registryHosts sends pulls of seaworthy.test to the testbed's registry.
func registryHosts(registry string) string {
	return fmt.Sprintf("server = %q\n\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", registry, registry)
}
