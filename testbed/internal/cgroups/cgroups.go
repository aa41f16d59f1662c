// Package cgroups makes and removes the cgroup folders of testbeds. They are
// the only trace of a testbed that the kernel does not clear away by itself
// when its namespaces end.
package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mountPoint is where Linux distributions mount the cgroup hierarchies.
const mountPoint = "/sys/fs/cgroup"

// removalPatience bounds the wait for killed processes to leave their cgroups.
const removalPatience = 30 * time.Second

// Unified tells whether the machine has only cgroup v2.
func Unified() bool {
	var stat unix.Statfs_t
	return unix.Statfs(mountPoint, &stat) == nil && stat.Type == unix.CGROUP2_SUPER_MAGIC
}

// Create makes the folder under every hierarchy and hands it the controllers.
func Create(folder string) error {
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if err := create(hierarchy, folder); err != nil {
			return err
		}
	}
	return nil
}

func create(hierarchy, folder string) error {
	path := hierarchy
	for _, part := range strings.Split(strings.Trim(folder, "/"), "/") {
		if Unified() {
			if err := delegate(path); err != nil {
				return err
			}
		}
		parent := path
		path = filepath.Join(path, part)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("make a cgroup: %w", err)
		}
		if err := inheritCPUSet(parent, path); err != nil {
			return err
		}
	}
	return nil
}

// delegate enables every controller of a v2 cgroup for its children.
func delegate(path string) error {
	controllers, err := os.ReadFile(filepath.Join(path, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read the controllers of %s: %w", path, err)
	}
	for _, controller := range strings.Fields(string(controllers)) {
		control := filepath.Join(path, "cgroup.subtree_control")
		if err := os.WriteFile(control, []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("enable cgroup controller %s: %w", controller, err)
		}
	}
	return nil
}

// inheritCPUSet copies what a new v1 cpuset cgroup lacks, or nothing may run in it.
func inheritCPUSet(parent, child string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(child, file))
		if errors.Is(err, fs.ErrNotExist) || len(strings.TrimSpace(string(value))) > 0 {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		inherited, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return fmt.Errorf("read the parent's %s: %w", file, err)
		}
		if err := os.WriteFile(filepath.Join(child, file), inherited, 0o644); err != nil {
			return fmt.Errorf("inherit %s: %w", file, err)
		}
	}
	return nil
}

// Remove takes the folder and all below it out of every hierarchy. Processes
// that were killed a moment ago may still be leaving: it waits for them.
func Remove(folder string) error {
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(removalPatience)
	for _, hierarchy := range hierarchies {
		path := filepath.Join(hierarchy, folder)
		for {
			err := removeTree(path)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("remove cgroup %s: %w", path, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		// The folder above is shared by all testbeds: the last one out takes it along.
		_ = os.Remove(filepath.Dir(path))
	}
	return nil
}

// removeTree removes cgroups from the leaves up. Their control files cannot be
// removed and vanish with the folder, so os.RemoveAll does not do.
func removeTree(root string) error {
	var folders []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, folder := range slices.Backward(folders) {
		if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// hierarchies are the mount points below which a testbed has folders.
func hierarchies() ([]string, error) {
	if Unified() {
		return []string{mountPoint}, nil
	}
	entries, err := os.ReadDir(mountPoint)
	if err != nil {
		return nil, fmt.Errorf("list cgroup hierarchies: %w", err)
	}
	var found []string
	for _, entry := range entries {
		path := filepath.Join(mountPoint, entry.Name())
		// Symbolic links are second names of hierarchies.
		if entry.IsDir() {
			found = append(found, path)
		}
	}
	return found, nil
}
