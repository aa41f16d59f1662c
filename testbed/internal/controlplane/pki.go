package controlplane

import (
	"fmt"
	"os"

	"seaworthy.test/testbed/internal/kubeconfig"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/pki"
)

// Users of the cluster that have a kubeconfig.
const (
	Admin             = "admin"
	ControllerManager = "controller-manager"
	Scheduler         = "scheduler"
	KubeProxy         = "kube-proxy"
	// ViaProxy is the administrator behind the fault proxy.
	ViaProxy = "admin-via-proxy"
)

// Identities are what the control plane knows itself and others by.
type Identities struct {
	Authority *pki.Authority
	bed       layout.Testbed
}

// APIServer is the URL of the API server.
func APIServer() string {
	return fmt.Sprintf("https://%s:%d", layout.ControlPlaneIP, layout.APIServerPort)
}

// APIProxy is the URL of the API server behind the fault proxy.
func APIProxy() string {
	return fmt.Sprintf("https://%s:%d", layout.ControlPlaneIP, layout.APIProxyPort)
}

// NewIdentities makes all certificates and kubeconfigs of the control plane.
func NewIdentities(bed layout.Testbed) (*Identities, error) {
	for _, dir := range []string{bed.Path("pki"), bed.Path("kubeconfig")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for identities: %w", err)
		}
	}
	authority, err := pki.NewAuthority("seaworthy-testbed")
	if err != nil {
		return nil, err
	}
	ids := &Identities{Authority: authority, bed: bed}
	if err := os.WriteFile(bed.Path("pki", "ca.crt"), authority.PEM, 0o644); err != nil {
		return nil, fmt.Errorf("write the authority: %w", err)
	}
	if err := ids.writeCertificates(); err != nil {
		return nil, err
	}
	private, public, err := pki.NewSigningKey()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(bed.Path("pki", "tokens.key"), private, 0o600); err != nil {
		return nil, fmt.Errorf("write the token signing key: %w", err)
	}
	if err := os.WriteFile(bed.Path("pki", "tokens.pub"), public, 0o644); err != nil {
		return nil, fmt.Errorf("write the token checking key: %w", err)
	}
	return ids, ids.writeKubeconfigs()
}

func (i *Identities) writeCertificates() error {
	subjects := map[string]pki.Subject{
		"apiserver": {User: "kube-apiserver", Hosts: []string{
			layout.ControlPlaneIP, layout.KubernetesServiceIP, "127.0.0.1", "localhost",
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
		// The API server as a client of kubelets.
		"kubelet-client": {User: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"}},
		// The proxy that vouches for the users behind it.
		"front-proxy": {User: "front-proxy-client"},
	}
	for name, subject := range subjects {
		identity, err := i.Authority.Issue(subject)
		if err != nil {
			return err
		}
		if err := identity.Write(i.bed.Path("pki"), name); err != nil {
			return err
		}
	}
	return nil
}

func (i *Identities) writeKubeconfigs() error {
	users := []struct {
		file    string
		server  string
		subject pki.Subject
	}{
		{Admin, APIServer(), pki.Subject{User: "admin", Groups: []string{"system:masters"}}},
		{ViaProxy, APIProxy(), pki.Subject{User: "admin", Groups: []string{"system:masters"}}},
		{ControllerManager, APIServer(), pki.Subject{User: "system:kube-controller-manager"}},
		{Scheduler, APIServer(), pki.Subject{User: "system:kube-scheduler"}},
		{KubeProxy, APIServer(), pki.Subject{User: "system:kube-proxy"}},
	}
	for _, user := range users {
		if err := i.WriteKubeconfig(user.file, user.server, user.subject); err != nil {
			return err
		}
	}
	return nil
}

// WriteKubeconfig issues an identity for subject and stores a kubeconfig for it.
func (i *Identities) WriteKubeconfig(file, server string, subject pki.Subject) error {
	identity, err := i.Authority.Issue(subject)
	if err != nil {
		return err
	}
	return kubeconfig.Write(i.bed.Kubeconfig(file), server, subject.User, i.Authority.PEM, identity)
}
