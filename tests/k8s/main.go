// Kubernetes as one program: its control plane, a kubelet for tests, and helm. All of it is built from
// Go modules, so that the manifests of this project are tried on the real API server, controllers and
// scheduler without anything being installed.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	helm "helm.sh/helm/v4/pkg/cmd"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"kcp-ts/tests/k8s/kubelet"
)

var commands = map[string]func() int{
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllers.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubelet":                 func() int { return runUntilAsked(kubelet.NewCommand()) },
	"helm":                    runHelm,
	kubelet.InitCommand:       runInit,
}

func runUntilAsked(command *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := command.ExecuteContext(ctx); err != nil {
		return 1
	}
	return 0
}

func runHelm() int {
	command, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err == nil {
		err = command.Execute()
	}
	var withCode helm.CommandError
	if errors.As(err, &withCode) {
		return withCode.ExitCode
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	return 0
}

func runInit() int {
	fmt.Fprintln(os.Stderr, "Error: the container cannot be started:", kubelet.Init())
	return 127
}

func main() {
	if len(os.Args) > 1 {
		if command, found := commands[os.Args[1]]; found {
			// What a test has started ends with the test.
			_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0)
			// Each program sees its arguments as if it were alone.
			os.Args = os.Args[1:]
			os.Exit(command())
		}
	}
	fmt.Fprintln(os.Stderr, "Usage: kubernetes <command>, one of", slices.Sorted(maps.Keys(commands)))
	os.Exit(2)
}
