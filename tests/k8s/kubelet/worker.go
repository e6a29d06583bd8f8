package kubelet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

// How often volumes are looked at: kubelet takes a minute.
const syncPeriod = time.Second

// worker runs one pod from its first second to its last.
type worker struct {
	kubelet *Kubelet
	ip      string
	folder  string
	changed chan struct{}
	killed  context.CancelFunc
	dead    context.Context

	mutex      sync.Mutex
	pod        *v1.Pod
	containers []*container
	started    metav1.Time
	reported   *v1.PodStatus
}

func resourcesOfNode() v1.ResourceList {
	return v1.ResourceList{
		v1.ResourceCPU:    resource.MustParse("64"),
		v1.ResourceMemory: resource.MustParse("256Gi"),
		v1.ResourcePods:   resource.MustParse("250"),
	}
}

func newWorker(kubelet *Kubelet, pod *v1.Pod, ip string) *worker {
	dead, killed := context.WithCancel(context.Background())
	return &worker{
		kubelet: kubelet, pod: pod, ip: ip, folder: kubelet.podFolder(pod),
		changed: make(chan struct{}, 1), dead: dead, killed: killed,
	}
}

func (w *worker) update(pod *v1.Pod) {
	w.mutex.Lock()
	w.pod = pod
	w.mutex.Unlock()
	w.wake()
}

func (w *worker) current() *v1.Pod {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.pod
}

func (w *worker) wake() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// kill ends it at once, without a word to the API server.
func (w *worker) kill() {
	w.killed()
	for _, each := range w.containers {
		each.kill()
	}
}

// run returns when the pod is gone.
func (w *worker) run(ctx context.Context) {
	defer os.RemoveAll(w.folder)
	if !w.mountVolumes(ctx) {
		w.finish(ctx)
		return
	}
	w.mutex.Lock()
	w.started = metav1.Now()
	for index := range w.pod.Spec.Containers {
		w.containers = append(w.containers, newContainer(w, index))
	}
	w.mutex.Unlock()
	for _, each := range w.containers {
		go each.run(w.dead)
	}
	for ctx.Err() == nil && w.dead.Err() == nil {
		pod := w.current()
		if pod.DeletionTimestamp != nil {
			w.terminate(ctx, pod)
			return
		}
		if err := w.syncVolumes(ctx); err != nil {
			klog.ErrorS(err, "volumes cannot be refreshed", "pod", klog.KObj(pod))
		}
		w.report(ctx)
		select {
		case <-ctx.Done():
		case <-w.dead.Done():
		case <-w.changed:
		case <-time.After(syncPeriod):
		}
	}
}

// mountVolumes waits until what the volumes are made of is there; false where the pod goes before.
func (w *worker) mountVolumes(ctx context.Context) bool {
	said := ""
	for {
		pod := w.current()
		if ctx.Err() != nil || w.dead.Err() != nil || pod.DeletionTimestamp != nil {
			return false
		}
		err := w.syncVolumes(ctx)
		if err == nil {
			return true
		}
		if err.Error() != said {
			said = err.Error()
			klog.InfoS("volumes cannot be mounted", "pod", klog.KObj(pod), "reason", said)
		}
		w.report(ctx)
		select {
		case <-ctx.Done():
		case <-w.changed:
		case <-time.After(syncPeriod):
		}
	}
}

// terminate asks the containers to end, and lets them the time that the pod gives.
func (w *worker) terminate(ctx context.Context, pod *v1.Pod) {
	grace := 30 * time.Second
	if pod.DeletionGracePeriodSeconds != nil {
		grace = time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	}
	deadline := time.Now().Add(grace)
	var ending sync.WaitGroup
	for _, each := range w.containers {
		ending.Add(1)
		go func() {
			defer ending.Done()
			each.terminate(deadline)
		}()
	}
	ended := make(chan struct{})
	go func() { ending.Wait(); close(ended) }()
	// Not ready is said while they end, as long as that takes.
	for waiting := true; waiting; {
		w.report(ctx)
		select {
		case <-ended:
			waiting = false
		case <-w.changed:
		case <-time.After(syncPeriod):
		}
	}
	w.report(ctx)
	w.finish(ctx)
}

func (w *worker) finish(ctx context.Context) {
	pod := w.current()
	now := int64(0)
	options := metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(pod.UID))}
	if err := w.kubelet.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, options); err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) && ctx.Err() == nil {
		klog.ErrorS(err, "a pod that has ended cannot be deleted", "pod", klog.KObj(pod))
	}
}

// report writes the status where it is another one than was written last.
func (w *worker) report(ctx context.Context) {
	pod := w.current().DeepCopy()
	status := w.status(pod)
	if w.reported != nil && reflect.DeepEqual(*w.reported, status) {
		return
	}
	fresh, err := w.kubelet.client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil || fresh.UID != pod.UID {
		return
	}
	fresh.Status = status
	if _, err := w.kubelet.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, fresh, metav1.UpdateOptions{}); err != nil {
		if !errors.IsConflict(err) && ctx.Err() == nil {
			klog.ErrorS(err, "a status cannot be written", "pod", klog.KObj(pod))
		}
		return
	}
	w.reported = &status
}

func (w *worker) status(pod *v1.Pod) v1.PodStatus {
	status := pod.Status
	status.HostIP, status.PodIP = "127.0.0.1", w.ip
	status.HostIPs, status.PodIPs = []v1.HostIP{{IP: "127.0.0.1"}}, []v1.PodIP{{IP: w.ip}}
	status.ObservedGeneration = pod.Generation
	if !w.started.IsZero() {
		status.StartTime = &w.started
	}
	status.ContainerStatuses = nil
	ready, running, failed := len(w.containers) > 0, len(w.containers) == 0, false
	for _, each := range w.containers {
		one := each.status(pod.DeletionTimestamp != nil)
		status.ContainerStatuses = append(status.ContainerStatuses, one)
		ready = ready && one.Ready
		running = running || one.State.Terminated == nil
		failed = failed || one.State.Terminated != nil && one.State.Terminated.ExitCode != 0
	}
	switch {
	case len(w.containers) == 0:
		status.Phase = v1.PodPending
	case running:
		status.Phase = v1.PodRunning
	case failed:
		status.Phase = v1.PodFailed
	default:
		status.Phase = v1.PodSucceeded
	}
	mounted := len(w.containers) > 0
	status.Conditions = slices.Clone(status.Conditions)
	setCondition(&status, v1.PodReadyToStartContainers, mounted, "")
	setCondition(&status, v1.PodInitialized, true, "")
	reason := ""
	if !ready {
		reason = "ContainersNotReady"
	}
	setCondition(&status, v1.ContainersReady, ready, reason)
	setCondition(&status, v1.PodReady, ready, reason)
	return status
}

func setCondition(status *v1.PodStatus, kind v1.PodConditionType, is bool, reason string) {
	value := v1.ConditionFalse
	if is {
		value = v1.ConditionTrue
	}
	for index, condition := range status.Conditions {
		if condition.Type == kind {
			if condition.Status != value {
				status.Conditions[index] = v1.PodCondition{Type: kind, Status: value, Reason: reason, LastTransitionTime: metav1.Now()}
			}
			return
		}
	}
	status.Conditions = append(status.Conditions, v1.PodCondition{Type: kind, Status: value, Reason: reason, LastTransitionTime: metav1.Now()})
}

func (w *worker) logPath(container string) string {
	folder := filepath.Join(w.kubelet.options.Folder, "logs")
	_ = os.MkdirAll(folder, 0o755)
	pod := w.current()
	return filepath.Join(folder, fmt.Sprintf("%s_%s_%s.log", pod.Namespace, pod.Name, container))
}
