package nodes

import (
	"os"
	"os/exec"
)

// programs that a real node calls.
var programs = []string{"containerd", "ctr", "runc", "ip", "iptables", "mkfs.ext4", "mount", "sysctl", "nsenter"}

// files that a real node needs.
var files = []string{"/bin/busybox", "/usr/lib/cni/ptp", "/usr/lib/cni/host-local", "/dev/loop-control"}

// Missing is what this machine lacks for real nodes.
func Missing() []string {
	var missing []string
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, file)
		}
	}
	return missing
}
