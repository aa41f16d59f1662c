// Command testbed is a Kubernetes cluster on one machine: every component of
// it, and the supervisor that runs them. Which of them it is, its first
// argument says, or the name it is called by.
package main

import (
	"os"
	"path/filepath"

	"seaworthy.test/testbed/internal/cli"
)

func main() {
	if run, ok := components[filepath.Base(os.Args[0])]; ok {
		os.Exit(run(os.Args[1:]))
	}
	if len(os.Args) > 1 {
		// "testbed kubectl" is the testbed's own command, which enters it first.
		if run, ok := components[os.Args[1]]; ok && os.Args[1] != "kubectl" {
			os.Exit(run(os.Args[2:]))
		}
	}
	os.Exit(cli.Run(os.Args[1:]))
}
