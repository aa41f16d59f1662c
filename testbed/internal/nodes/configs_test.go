package nodes

import (
	"encoding/json"
	"strings"
	"testing"

	kubeletconfig "k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"

	"seaworthy.test/testbed/internal/layout"
)

func place(t *testing.T) (layout.Testbed, layout.Node) {
	t.Helper()
	t.Setenv(layout.DirVariable, "/state")
	bed, err := layout.Open("test")
	if err != nil {
		t.Fatal(err)
	}
	return bed, bed.Node(2)
}

func TestTheKubeletUnderstandsItsConfiguration(t *testing.T) {
	bed, node := place(t)
	var config kubeletconfig.KubeletConfiguration
	if err := yaml.UnmarshalStrict([]byte(kubeletConfig(bed, node, DefaultThresholds())), &config); err != nil {
		t.Fatal(err)
	}
	if config.CgroupRoot != "/seaworthy-testbed/test/node-2" || config.Address != "10.90.0.12" {
		t.Errorf("cgroup root %s, address %s", config.CgroupRoot, config.Address)
	}
	if config.FailCgroupV1 == nil || *config.FailCgroupV1 {
		t.Error("the kubelet would refuse a machine with cgroup v1")
	}
	if strings.Contains(kubeletConfig(bed, node, DefaultThresholds()), "$") {
		t.Error("something was not filled in")
	}
}

func TestThresholdsReachTheKubelet(t *testing.T) {
	bed, node := place(t)
	var config kubeletconfig.KubeletConfiguration
	text := kubeletConfig(bed, node, Thresholds{MemoryAvailable: "99%", NodefsAvailable: "7%"})
	if err := yaml.UnmarshalStrict([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	if config.EvictionHard["memory.available"] != "99%" || config.EvictionHard["imagefs.available"] != "7%" {
		t.Errorf("thresholds are %v", config.EvictionHard)
	}
	if config.ImageMinimumGCAge.Hours() < 1 {
		t.Errorf("images are removed after %v: the disk would have room again by that", config.ImageMinimumGCAge)
	}
}

func TestPodsGetAddressesOfTheirNode(t *testing.T) {
	_, node := place(t)
	text, err := cniConfigList(node)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(text)) || !strings.Contains(text, `"subnet": "10.91.2.0/24"`) {
		t.Errorf("the CNI configuration is %s", text)
	}
}

func TestNoMachineSettingIsWithinReachOfAKubelet(t *testing.T) {
	covers, err := writeCovers(t.TempDir(), "boot")
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"/proc/sys/kernel/panic", "/proc/sys/kernel/panic_on_oops", "/proc/sys/vm/overcommit_memory"} {
		if covers[setting] == "" {
			t.Errorf("%s is not covered", setting)
		}
	}
}
