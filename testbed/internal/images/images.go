package images

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// References of the images that every real node has.
const (
	// Tools is busybox with its applets; it also serves as the pause image.
	Tools = "seaworthy.test/tools:1"
	// Seaworthy is the project's own image, there once it has been loaded.
	Seaworthy = "seaworthy.test/seaworthy:dev"
)

// nobody is the user that the project's image runs as.
const nobody = "65532:65532"

// base are the folders and files that programs expect of any system.
var base = []File{
	{Path: "etc", Mode: 0o755, Dir: true},
	{Path: "etc/passwd", Mode: 0o644, Content: []byte("root:x:0:0:root:/:/bin/sh\nnobody:x:65532:65532:nobody:/:/bin/sh\n")},
	{Path: "etc/group", Mode: 0o644, Content: []byte("root:x:0:\nnobody:x:65532:\n")},
	{Path: "tmp", Mode: 0o1777, Dir: true},
	{Path: "bin", Mode: 0o755, Dir: true},
}

// BuildTools makes the tools image from the machine's static busybox. Run
// without a command it waits, and ends at once when it is told to.
func BuildTools(busybox string) (Image, error) {
	content, err := staticBinary(busybox)
	if err != nil {
		return Image{}, err
	}
	list, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return Image{}, fmt.Errorf("list the applets of %s: %w", busybox, err)
	}
	files := append([]File{}, base...)
	files = append(files, File{Path: "bin/busybox", Mode: 0o755, Content: content})
	for _, applet := range strings.Fields(string(list)) {
		if applet != "busybox" {
			files = append(files, File{Path: "bin/" + applet, Mode: 0o755, Link: "bin/busybox"})
		}
	}
	wait := []string{"/bin/sh", "-c", "trap 'exit 0' TERM INT; sleep 2147483647 & wait"}
	return Build(Tools, Config{Cmd: wait}, files)
}

// BuildProgram makes an image of one static binary, which becomes its entry point.
func BuildProgram(reference, name, binary string) (Image, error) {
	content, err := staticBinary(binary)
	if err != nil {
		return Image{}, err
	}
	files := append([]File{}, base...)
	files = append(files, File{Path: "bin/" + name, Mode: 0o755, Content: content})
	return Build(reference, Config{Entrypoint: []string{"/bin/" + name}, User: nobody}, files)
}

// staticBinary reads a program that needs nothing else to run.
func staticBinary(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the program for an image: %w", err)
	}
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s is no program of this machine: %w", path, err)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return nil, errors.New(path + " is not statically linked, and an image has nothing to link it with")
		}
	}
	return content, nil
}
