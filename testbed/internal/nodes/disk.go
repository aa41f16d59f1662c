package nodes

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ballast is the file that fills a node's disk.
const ballast = disk + "/ballast"

// FillDisk takes up the node's disk but for a percentage of it. The blocks are
// reserved, not written: the machine's own disk stays as it is.
func (n *Node) FillDisk(leavePercent string) error {
	leave, err := strconv.ParseFloat(leavePercent, 64)
	if err != nil || leave < 0 || leave > 100 {
		return fmt.Errorf("leave %q: give a percentage", leavePercent)
	}
	if err := n.FreeDisk(); err != nil {
		return err
	}
	file, err := os.OpenFile(n.Inside(ballast), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("fill the disk of %s: %w", n.Name, err)
	}
	defer func() { _ = file.Close() }()
	var stat unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &stat); err != nil {
		return fmt.Errorf("measure the disk of %s: %w", n.Name, err)
	}
	free := int64(stat.Bavail) * stat.Bsize
	size := free - int64(float64(stat.Blocks)*leave/100)*stat.Bsize
	if size <= 0 {
		return nil
	}
	if err := unix.Fallocate(int(file.Fd()), 0, 0, size); err != nil {
		return fmt.Errorf("fill the disk of %s with %d bytes: %w", n.Name, size, err)
	}
	return nil
}

// FreeDisk gives back what FillDisk took.
func (n *Node) FreeDisk() error {
	if err := os.Remove(n.Inside(ballast)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("free the disk of %s: %w", n.Name, err)
	}
	return nil
}
