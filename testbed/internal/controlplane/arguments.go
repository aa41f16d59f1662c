package controlplane

import (
	"fmt"

	"seaworthy.test/testbed/internal/layout"
)

// Times are shortened from Kubernetes' own so that a suite does not wait for
// minutes where a cluster would.
const (
	// NodeGrace is how long a node may be silent before it counts as unreachable (upstream: 50 s).
	NodeGrace = "12s"
	// tolerationSeconds is how long pods stay on a node that is gone (upstream: 300 s).
	tolerationSeconds = "30"
)

// etcdArguments trade durability, which a testbed has no use for, for speed.
func etcdArguments(bed layout.Testbed) []string {
	return []string{
		"--name=testbed",
		"--data-dir=" + bed.Path("etcd"),
		"--listen-client-urls=" + layout.EtcdURL,
		"--advertise-client-urls=" + layout.EtcdURL,
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--unsafe-no-fsync",
		"--quota-backend-bytes=8589934592",
		"--log-level=warn",
	}
}

func apiServerArguments(bed layout.Testbed) []string {
	pki := func(file string) string { return bed.Path("pki", file) }
	return []string{
		"--etcd-servers=" + layout.EtcdURL,
		"--bind-address=" + layout.ControlPlaneIP,
		"--advertise-address=" + layout.ControlPlaneIP,
		fmt.Sprintf("--secure-port=%d", layout.APIServerPort),
		"--service-cluster-ip-range=" + layout.ServiceNetwork,
		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("kubelet-client.crt"),
		"--kubelet-client-key=" + pki("kubelet-client.key"),
		// Or logs and exec would look the node's name up in a DNS that is not there.
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + pki("ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki("front-proxy.crt"),
		"--proxy-client-key-file=" + pki("front-proxy.key"),
		// Webhooks and extension servers are reached at their pods: no kube-proxy runs here.
		"--enable-aggregator-routing=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + pki("tokens.pub"),
		"--service-account-signing-key-file=" + pki("tokens.key"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		// Pod Security decides who may, namespace by namespace.
		"--allow-privileged=true",
		"--admission-control-config-file=" + bed.Config("admission.yaml"),
		"--default-not-ready-toleration-seconds=" + tolerationSeconds,
		"--default-unreachable-toleration-seconds=" + tolerationSeconds,
		"--audit-policy-file=" + bed.Config("audit-policy.yaml"),
		"--audit-log-path=" + bed.AuditLog(),
		"--audit-log-mode=blocking",
		"--audit-log-maxsize=4096",
		"--profiling=false",
	}
}

func controllerManagerArguments(bed layout.Testbed) []string {
	return []string{
		"--kubeconfig=" + bed.Kubeconfig(ControllerManager),
		"--authentication-kubeconfig=" + bed.Kubeconfig(ControllerManager),
		"--authorization-kubeconfig=" + bed.Kubeconfig(ControllerManager),
		"--service-account-private-key-file=" + bed.Path("pki", "tokens.key"),
		"--root-ca-file=" + bed.Path("pki", "ca.crt"),
		"--use-service-account-credentials=true",
		"--leader-elect=false",
		"--kube-api-qps=400",
		"--kube-api-burst=800",
		"--node-monitor-period=1s",
		"--node-monitor-grace-period=" + NodeGrace,
		"--node-startup-grace-period=" + NodeGrace,
		"--node-eviction-rate=10",
		"--secondary-node-eviction-rate=10",
		"--bind-address=127.0.0.1",
		"--profiling=false",
	}
}

func schedulerArguments(bed layout.Testbed) []string {
	return []string{
		"--config=" + bed.Config("scheduler.yaml"),
		"--authentication-kubeconfig=" + bed.Kubeconfig(Scheduler),
		"--authorization-kubeconfig=" + bed.Kubeconfig(Scheduler),
		"--bind-address=127.0.0.1",
		"--profiling=false",
	}
}
