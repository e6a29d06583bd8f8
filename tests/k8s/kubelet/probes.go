package kubelet

import (
	"context"
	"crypto/tls"
	"fmt"
	"os/exec"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/probe"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
)

// prober asks a container how it is, as its probes say.
type prober struct {
	container *container
	isStarted atomic.Bool
	isReady   atomic.Bool
}

func newProber(of *container) *prober {
	return &prober{container: of}
}

func (p *prober) started() bool { return p.isStarted.Load() }
func (p *prober) ready() bool   { return p.isReady.Load() }

// run probes until the process has ended.
func (p *prober) run(ctx context.Context, process *exec.Cmd) {
	defer p.isReady.Store(false)
	defer p.isStarted.Store(false)
	spec := p.container.spec
	if spec.StartupProbe != nil && !p.untilStarted(ctx, spec.StartupProbe, process) {
		return
	}
	p.isStarted.Store(true)
	if spec.ReadinessProbe == nil {
		p.isReady.Store(true)
	}
	p.container.worker.wake()
	if spec.LivenessProbe != nil {
		go p.each(ctx, spec.LivenessProbe, func(failures, _ int32, reason string) {
			if failures == spec.LivenessProbe.FailureThreshold {
				p.restart(process, "liveness", reason)
			}
		})
	}
	if spec.ReadinessProbe != nil {
		p.each(ctx, spec.ReadinessProbe, func(failures, successes int32, _ string) {
			before := p.isReady.Load()
			if failures >= spec.ReadinessProbe.FailureThreshold {
				p.isReady.Store(false)
			} else if successes >= spec.ReadinessProbe.SuccessThreshold {
				p.isReady.Store(true)
			}
			if before != p.isReady.Load() {
				p.container.worker.wake()
			}
		})
	}
	<-ctx.Done()
}

func (p *prober) untilStarted(ctx context.Context, startup *v1.Probe, process *exec.Cmd) bool {
	probing, stop := context.WithCancel(ctx)
	defer stop()
	passed := false
	p.each(probing, startup, func(failures, successes int32, reason string) {
		if successes > 0 {
			passed = true
			stop()
		} else if failures == startup.FailureThreshold {
			p.restart(process, "startup", reason)
		}
	})
	return passed
}

func (p *prober) restart(process *exec.Cmd, which, reason string) {
	klog.InfoS("a container is restarted", "pod", klog.KObj(p.container.worker.current()), "container", p.container.spec.Name, "probe", which, "reason", reason)
	_ = process.Process.Kill()
}

// each calls with how often it has failed and succeeded in a row, until the context ends.
func (p *prober) each(ctx context.Context, spec *v1.Probe, answered func(failures, successes int32, reason string)) {
	var failures, successes int32
	wait := time.Duration(spec.InitialDelaySeconds) * time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = time.Duration(spec.PeriodSeconds) * time.Second
		result, reason := ask(p.container, spec.ProbeHandler, time.Duration(spec.TimeoutSeconds)*time.Second)
		if ctx.Err() != nil {
			return
		}
		if result == probe.Success {
			failures, successes = 0, successes+1
		} else {
			failures, successes = failures+1, 0
		}
		answered(failures, successes, reason)
	}
}

var httpProber = httpprobe.NewWithTLSConfig(&tls.Config{InsecureSkipVerify: true}, false)
var tcpProber = tcpprobe.New()

func ask(of *container, handler v1.ProbeHandler, timeout time.Duration) (probe.Result, string) {
	var result probe.Result
	var output string
	var err error
	switch {
	case handler.HTTPGet != nil:
		request, wrong := httpprobe.NewRequestForHTTPGetAction(handler.HTTPGet, &of.spec, of.worker.ip, "probe")
		if wrong != nil {
			return probe.Unknown, wrong.Error()
		}
		result, output, err = httpProber.Probe(request, timeout)
	case handler.TCPSocket != nil:
		port, wrong := probe.ResolveContainerPort(handler.TCPSocket.Port, &of.spec)
		if wrong != nil {
			return probe.Unknown, wrong.Error()
		}
		result, output, err = tcpProber.Probe(of.worker.ip, port, timeout)
	default:
		return probe.Unknown, "the test kubelet knows httpGet and tcpSocket"
	}
	if err != nil {
		return probe.Unknown, err.Error()
	}
	return result, output
}

// runHandler runs a hook of a container's life.
func runHandler(of *container, handler *v1.LifecycleHandler, deadline time.Time) error {
	if handler.Sleep == nil {
		return fmt.Errorf("the test kubelet knows sleep, not %v", handler)
	}
	wait := min(time.Duration(handler.Sleep.Seconds)*time.Second, time.Until(deadline))
	select {
	case <-time.After(wait):
	case <-of.ended:
	}
	return nil
}
