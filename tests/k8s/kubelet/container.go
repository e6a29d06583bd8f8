package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

const restartBackOff = time.Second

// container runs one container of a pod, again and again as its restart policy says.
type container struct {
	worker *worker
	spec   v1.Container
	prober *prober

	mutex      sync.Mutex
	process    *exec.Cmd
	state      v1.ContainerState
	last       v1.ContainerState
	restarts   int32
	terminated bool
	ended      chan struct{}
}

func newContainer(worker *worker, index int) *container {
	spec := worker.pod.Spec.Containers[index]
	waiting := v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	made := &container{worker: worker, spec: spec, state: waiting, ended: make(chan struct{})}
	made.prober = newProber(made)
	return made
}

func (c *container) run(ctx context.Context) {
	defer close(c.ended)
	policy := c.worker.current().Spec.RestartPolicy
	for ctx.Err() == nil && !c.isTerminated() {
		code := c.runOnce(ctx)
		c.worker.wake()
		if policy == v1.RestartPolicyNever || policy == v1.RestartPolicyOnFailure && code == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(restartBackOff):
		}
		if !c.isTerminated() {
			c.mutex.Lock()
			c.last, c.restarts = c.state, c.restarts+1
			c.mutex.Unlock()
		}
	}
}

func (c *container) isTerminated() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.terminated
}

// runOnce returns the exit code.
func (c *container) runOnce(ctx context.Context) int32 {
	started := metav1.Now()
	process, err := c.start()
	if err != nil {
		klog.ErrorS(err, "a container cannot be started", "pod", klog.KObj(c.worker.current()), "container", c.spec.Name)
		c.setState(v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "RunContainerError", Message: err.Error()}})
		return 128
	}
	c.setState(v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: started}})
	c.worker.wake()
	probing, stopProbing := context.WithCancel(ctx)
	go c.prober.run(probing, process)
	err = process.Wait()
	stopProbing()
	code := int32(process.ProcessState.ExitCode())
	if status, is := process.ProcessState.Sys().(syscall.WaitStatus); is && status.Signaled() {
		code = 128 + int32(status.Signal())
	}
	reason := "Completed"
	if code != 0 {
		reason = "Error"
		klog.InfoS("a container has ended", "pod", klog.KObj(c.worker.current()), "container", c.spec.Name, "code", code, "reason", err)
	}
	c.setState(v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: started, FinishedAt: metav1.Now(),
	}})
	return code
}

func (c *container) setState(state v1.ContainerState) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state = state
}

// start runs this program again as the first process of the container's namespaces.
func (c *container) start() (*exec.Cmd, error) {
	pod := c.worker.current()
	image, err := c.worker.kubelet.imageOf(c.spec.Image)
	if err != nil {
		return nil, err
	}
	environment, err := c.environment(image)
	if err != nil {
		return nil, err
	}
	mapping := expansion.MappingFuncFor(environment)
	var words []string
	words = append(words, image.Entrypoint...)
	if len(c.spec.Command) > 0 {
		words = nil
	}
	for _, word := range append(append([]string{}, c.spec.Command...), c.spec.Args...) {
		words = append(words, expansion.Expand(word, mapping))
	}
	plan := plan{Root: image.Root, Folder: filepath.Join(c.worker.folder, "containers", c.spec.Name), Hostname: pod.Name, Command: words}
	for name, value := range environment {
		plan.Env = append(plan.Env, name+"="+value)
	}
	plan.Mounts = append(plan.Mounts, mount{Source: c.worker.kubelet.hosts.path, Target: "/etc/hosts", ReadOnly: true})
	for _, wanted := range c.spec.VolumeMounts {
		source := filepath.Join(c.worker.volumeFolder(wanted.Name), wanted.SubPath)
		plan.Mounts = append(plan.Mounts, mount{Source: source, Target: wanted.MountPath, ReadOnly: wanted.ReadOnly})
	}
	plan.applySecurity(pod.Spec.SecurityContext, c.spec.SecurityContext)
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.worker.logPath(c.spec.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	process := exec.Command("/proc/self/exe", InitCommand)
	process.Env = []string{planVariable + "=" + string(text)}
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.process = process
	if c.terminated {
		_ = process.Process.Kill()
	}
	return process, nil
}

func (c *container) environment(image Image) (map[string]string, error) {
	pod := c.worker.current().DeepCopy()
	pod.Status.PodIP, pod.Status.HostIP = c.worker.ip, "127.0.0.1"
	host, port, err := net.SplitHostPort(c.worker.kubelet.options.APIServer)
	if err != nil {
		return nil, err
	}
	environment := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": pod.Name,
		"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port,
	}
	for _, variable := range image.Env {
		for at := range variable {
			if variable[at] == '=' {
				environment[variable[:at]] = variable[at+1:]
				break
			}
		}
	}
	for _, variable := range c.spec.Env {
		switch from := variable.ValueFrom; {
		case from == nil:
			environment[variable.Name] = expansion.Expand(variable.Value, expansion.MappingFuncFor(environment))
		case from.FieldRef != nil && from.FieldRef.FieldPath == "status.podIP":
			environment[variable.Name] = c.worker.ip
		case from.FieldRef != nil:
			value, err := fieldpath.ExtractFieldPathAsString(pod, from.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			environment[variable.Name] = value
		default:
			return nil, fmt.Errorf("the variable %s has a source that the test kubelet does not know", variable.Name)
		}
	}
	if len(c.spec.EnvFrom) > 0 {
		return nil, fmt.Errorf("envFrom is not known to the test kubelet")
	}
	return environment, nil
}

// terminate ends it by SIGTERM, after preStop, and by SIGKILL at the deadline.
func (c *container) terminate(deadline time.Time) {
	c.mutex.Lock()
	c.terminated = true
	process := c.process
	running := c.state.Running != nil
	c.mutex.Unlock()
	if process == nil || !running {
		return
	}
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PreStop != nil {
		if err := runHandler(c, c.spec.Lifecycle.PreStop, deadline); err != nil {
			klog.ErrorS(err, "preStop failed", "container", c.spec.Name)
		}
	}
	_ = process.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(time.Until(deadline)):
		klog.InfoS("a container did not end in time", "pod", klog.KObj(c.worker.current()), "container", c.spec.Name)
		c.kill()
		<-c.ended
	}
}

// kill ends it and all of its processes.
func (c *container) kill() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.terminated = true
	if c.process != nil && c.state.Running != nil {
		_ = c.process.Process.Kill()
	}
}

func (c *container) status(terminating bool) v1.ContainerStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	running := c.state.Running != nil
	started := running && c.prober.started()
	return v1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image,
		State: c.state, LastTerminationState: c.last, RestartCount: c.restarts,
		Started: &started, Ready: started && c.prober.ready(),
	}
}
