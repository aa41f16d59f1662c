package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/dns"
	"seaworthy.test/testbed/internal/images"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/network"
	"seaworthy.test/testbed/internal/nodes"
	"seaworthy.test/testbed/internal/proxy"
	"seaworthy.test/testbed/internal/wait"
)

const (
	busybox = "/bin/busybox"
	// nodePatience bounds the wait for a node to become Ready.
	nodePatience = 120 * time.Second
)

// start brings up everything, side by side where nothing depends on the other.
func (s *Supervisor) start(ctx context.Context) error {
	if err := s.prepareView(); err != nil {
		return err
	}
	if err := network.SetUp(); err != nil {
		return err
	}
	ids, err := controlplane.NewIdentities(s.bed)
	if err != nil {
		return err
	}
	plane, err := controlplane.New(s.bed, s.program, ids)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.plane = plane
	s.mu.Unlock()
	if s.proxy, err = proxy.New(s.bed, controlplane.APIServer()); err != nil {
		return err
	}
	if err := s.proxy.Serve(ctx); err != nil {
		return err
	}
	s.step("network, identities and configuration are made")

	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.plane.Start(groupContext); err != nil {
			return err
		}
		s.step("the control plane is ready")
		return nil
	})
	group.Go(func() error { return s.startNodes(groupContext, ids) })
	if err := group.Wait(); err != nil {
		return err
	}
	return s.join(ctx)
}

// join makes the nodes part of the cluster and waits until pods can run there.
func (s *Supervisor) join(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", s.bed.Kubeconfig(controlplane.Admin))
	if err != nil {
		return fmt.Errorf("read the administrator's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 500, 1000
	if s.client, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if err := dns.Start(ctx, s.client); err != nil {
		return err
	}
	for _, node := range s.nodes {
		if err := node.Join(); err != nil {
			return err
		}
	}
	for _, node := range s.nodes {
		if err := s.waitNode(ctx, node.Name); err != nil {
			return err
		}
		s.step("%s is Ready", node.Name)
	}
	if err := s.startFake(ctx); err != nil {
		return err
	}
	return wait.Until(ctx, nodePatience, "the default service account", func(ctx context.Context) error {
		_, err := s.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (s *Supervisor) waitNode(ctx context.Context, name string) error {
	return wait.Until(ctx, nodePatience, name+" to be Ready", func(ctx context.Context) error {
		node, err := s.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return errors.New("its kubelet has not said so; see the log of kubelet@" + name)
	})
}

// startNodes switches the real nodes on and gives them their images.
func (s *Supervisor) startNodes(ctx context.Context, ids *controlplane.Identities) error {
	if s.options.RealNodes == 0 {
		return nil
	}
	tools, err := images.BuildTools(busybox)
	if err != nil {
		return err
	}
	archive, err := s.offer(tools)
	if err != nil {
		return err
	}
	if err := s.serveRegistry(ctx); err != nil {
		return err
	}
	places := make([]layout.Node, 0, s.options.RealNodes)
	for index := 1; index <= s.options.RealNodes; index++ {
		places = append(places, s.bed.Node(index))
	}
	made := make([]*nodes.Node, len(places))
	group, ctx := errgroup.WithContext(ctx)
	for i, place := range places {
		group.Go(func() error {
			node, err := nodes.New(s.bed, place, places, s.program, images.Tools, registryURL(), ids)
			if err != nil {
				return err
			}
			made[i] = node
			if err := node.PowerOn(ctx); err != nil {
				return err
			}
			if err := node.Import(archive); err != nil {
				return err
			}
			s.step("%s is on and has its images", place.Name)
			return nil
		})
	}
	err = group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.nodes = made
	}
	return err
}

// offer puts an image into the registry and returns the path of its archive.
func (s *Supervisor) offer(image images.Image) (string, error) {
	s.registry.Add(image)
	dir := s.bed.Path("images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of images: %w", err)
	}
	path := s.bed.Path("images", strings.NewReplacer("/", "_", ":", "_").Replace(image.Reference)+".tar")
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("write image %s: %w", image.Reference, err)
	}
	return path, errors.Join(image.WriteArchive(file), file.Close())
}

func registryURL() string {
	return fmt.Sprintf("http://%s:%d", layout.ControlPlaneIP, layout.RegistryPort)
}

func (s *Supervisor) serveRegistry(ctx context.Context) error {
	address := fmt.Sprintf("%s:%d", layout.ControlPlaneIP, layout.RegistryPort)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("open the registry: %w", err)
	}
	server := &http.Server{Handler: s.registry, ReadHeaderTimeout: 10 * time.Second}
	// It ends with the process.
	go func() { _ = server.Serve(listener) }()
	return nil
}

// prepareView makes the file system look as it should from inside: a /proc of
// its own, and no name server but the testbed's.
func (s *Supervisor) prepareView() error {
	for _, dir := range []string{s.bed.Path("config"), s.bed.Path("logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the testbed's folders: %w", err)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("part from the machine's mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	var hosts strings.Builder
	fmt.Fprintf(&hosts, "127.0.0.1 localhost\n%s apiserver seaworthy.test\n", layout.ControlPlaneIP)
	for index := 1; index <= s.options.RealNodes; index++ {
		node := s.bed.Node(index)
		fmt.Fprintf(&hosts, "%s %s\n", node.IP(), node.Name)
	}
	covers := map[string]string{
		"/etc/resolv.conf": "nameserver " + layout.ControlPlaneIP + "\noptions timeout:1 attempts:2\n",
		"/etc/hosts":       hosts.String(),
	}
	for target, content := range covers {
		source := s.bed.Config(target[len("/etc/"):])
		if err := os.WriteFile(source, []byte(content), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", source, err)
		}
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover %s: %w", target, err)
		}
	}
	return nil
}

func connectEtcd() (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{layout.EtcdURL}, DialTimeout: 5 * time.Second})
}
