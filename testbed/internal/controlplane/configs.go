package controlplane

import (
	"fmt"
	"os"

	"seaworthy.test/testbed/internal/layout"
)

// auditPolicy keeps enough to compare verbs with RBAC and to count effects:
// writes with their bodies, reads without. Heartbeats would drown the rest.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  userGroups: [seaworthy.test:unaudited]
- level: Metadata
  userGroups: [system:nodes]
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [nodes/status, events]}
- level: RequestResponse
  verbs: [create, update, patch, delete, deletecollection]
- level: Metadata
`

// admission enforces Pod Security in every namespace that does not ask for
// something else by its labels.
const admission = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: latest, audit: restricted, audit-version: latest}
    exemptions: {namespaces: [kube-system]}
`

// schedulerConfig makes the scheduler look again soon at pods it could not place.
const schedulerConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: %q, qps: 200, burst: 400}
leaderElection: {leaderElect: false}
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 2
`

// WriteConfigs stores the control plane's configuration files.
func WriteConfigs(bed layout.Testbed) error {
	for _, dir := range []string{bed.Path("config"), bed.Path("audit")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a folder for configuration: %w", err)
		}
	}
	files := map[string]string{
		"audit-policy.yaml": auditPolicy,
		"admission.yaml":    admission,
		"scheduler.yaml":    fmt.Sprintf(schedulerConfig, bed.Kubeconfig(Scheduler)),
	}
	for name, content := range files {
		if err := os.WriteFile(bed.Config(name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
