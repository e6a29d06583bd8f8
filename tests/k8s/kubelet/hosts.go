package kubelet

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// hosts is the DNS of the cluster as the file /etc/hosts of all containers: Services by their names,
// and pods by their names within a headless Service.
type hosts struct {
	path      string
	informers informers.SharedInformerFactory
	changed   chan struct{}
	mutex     sync.Mutex
}

func newHosts(path string, factory informers.SharedInformerFactory) *hosts {
	made := &hosts{path: path, informers: factory, changed: make(chan struct{}, 1)}
	_ = os.WriteFile(path, nil, 0o644)
	onChange(factory.Core().V1().Pods().Informer(), made.changed)
	onChange(factory.Core().V1().Services().Informer(), made.changed)
	return made
}

// onChange wakes whoever follows the channel at every event.
func onChange(informer cache.SharedIndexInformer, changed chan struct{}) {
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { wake() },
		UpdateFunc: func(any, any) { wake() },
		DeleteFunc: func(any) { wake() },
	})
}

func (h *hosts) follow(ctx context.Context) {
	for {
		h.write()
		select {
		case <-ctx.Done():
			return
		case <-h.changed:
		}
	}
}

func (h *hosts) write() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	lines := []string{}
	add := func(ip, name string) {
		lines = append(lines, fmt.Sprintf("%s %s %s.cluster.local", ip, name, name))
	}
	services, _ := h.informers.Core().V1().Services().Lister().List(labels.Everything())
	for _, service := range services {
		if service.Spec.ClusterIP != v1.ClusterIPNone {
			add(service.Spec.ClusterIP, fmt.Sprintf("%s.%s.svc", service.Name, service.Namespace))
		}
	}
	pods, _ := h.informers.Core().V1().Pods().Lister().List(labels.Everything())
	for _, pod := range pods {
		if pod.Spec.Subdomain != "" && pod.Status.PodIP != "" && pod.Status.Phase == v1.PodRunning {
			add(pod.Status.PodIP, fmt.Sprintf("%s.%s.%s.svc", pod.Spec.Hostname, pod.Spec.Subdomain, pod.Namespace))
		}
	}
	slices.Sort(lines)
	text := "127.0.0.1 localhost\n" + strings.Join(lines, "\n") + "\n"
	// Written in place: the file is mounted into containers.
	if before, err := os.ReadFile(h.path); err == nil && string(before) != text {
		_ = os.WriteFile(h.path, []byte(text), 0o644)
	}
}
