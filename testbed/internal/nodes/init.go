package nodes

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"seaworthy.test/testbed/internal/namespaces"
)

// readyFile is the descriptor by which a node's first process says that its
// mounts are made.
const readyFile = 3

// InitSpec is what a node's first process sets up before anything runs there.
type InitSpec struct {
	Hostname string
	// Disk is the image of the node's file system.
	Disk string
	// Covers are files put over others, which they hide, in the node's view.
	Covers map[string]string
}

// harmless are kernel settings that a kubelet insists on setting for the whole
// machine, with the values it wants to see. The node gets files in their place:
// a testbed changes nothing about how this machine treats memory or panics.
var harmless = map[string]string{
	"/proc/sys/vm/overcommit_memory":      "1",
	"/proc/sys/vm/panic_on_oom":           "0",
	"/proc/sys/kernel/panic":              "10",
	"/proc/sys/kernel/panic_on_oops":      "1",
	"/proc/sys/kernel/keys/root_maxkeys":  "1000000",
	"/proc/sys/kernel/keys/root_maxbytes": "25000000",
}

// RunInit is the node's first process: it sets up the node's view of the file
// system and then collects orphans until it is killed.
func RunInit(specFile string) error {
	data, err := os.ReadFile(specFile)
	if err != nil {
		return fmt.Errorf("read the node's specification: %w", err)
	}
	var spec InitSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return fmt.Errorf("read the node's specification: %w", err)
	}
	if err := spec.apply(); err != nil {
		return err
	}
	ready := os.NewFile(readyFile, "ready")
	if _, err := ready.WriteString("ready"); err != nil {
		return fmt.Errorf("say that the node is set up: %w", err)
	}
	if err := ready.Close(); err != nil {
		return fmt.Errorf("say that the node is set up: %w", err)
	}
	namespaces.Reap(0)
	return nil
}

func (s InitSpec) apply() error {
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return fmt.Errorf("set the node's name: %w", err)
	}
	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755,size=256m"},
		{"tmpfs", "/var/log", "tmpfs", 0, "mode=755,size=64m"},
	}
	for _, step := range steps {
		if err := unix.Mount(step.source, step.target, step.kind, step.flags, step.data); err != nil {
			return fmt.Errorf("mount %s: %w", step.target, err)
		}
	}
	if err := mountDisk(s.Disk); err != nil {
		return err
	}
	for target, source := range s.Covers {
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover %s: %w", target, err)
		}
	}
	// What a pod mounts with propagation has to reach its node.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts within the node: %w", err)
	}
	return nil
}

func mountDisk(image string) error {
	for _, dir := range []string{disk, cniConfigDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	output, err := exec.Command("mount", "-o", "loop,noatime", image, disk).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mount the node's disk %s: %w: %s", image, err, output)
	}
	for _, dir := range []string{podLogs, kubeletRoot, containerdContent} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	return nil
}

// writeCovers stores the files that cover kernel settings and returns which
// goes where.
func writeCovers(dir, bootID string) (map[string]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for covers: %w", err)
	}
	covers := map[string]string{}
	content := map[string]string{"/proc/sys/kernel/random/boot_id": bootID}
	for target, value := range harmless {
		content[target] = value
	}
	for target, value := range content {
		file := filepath.Join(dir, filepath.Base(target))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return nil, fmt.Errorf("write a cover: %w", err)
		}
		covers[target] = file
	}
	return covers, nil
}
