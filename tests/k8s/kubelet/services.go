package kubelet

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/klog/v2"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

// serviceProxy relays connections to the cluster addresses of Services, which are of 127.0.0.0/8 too,
// to pods that are ready.
type serviceProxy struct {
	informers informers.SharedInformerFactory
	changed   chan struct{}
	mutex     sync.Mutex
	listeners map[string]net.Listener
}

func newServiceProxy(factory informers.SharedInformerFactory) *serviceProxy {
	made := &serviceProxy{informers: factory, changed: make(chan struct{}, 1), listeners: map[string]net.Listener{}}
	onChange(factory.Core().V1().Services().Informer(), made.changed)
	return made
}

func (p *serviceProxy) follow(ctx context.Context) {
	for {
		p.listen()
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		}
	}
}

func (p *serviceProxy) listen() {
	services, _ := p.informers.Core().V1().Services().Lister().List(labels.Everything())
	wanted := map[string]bool{}
	for _, service := range services {
		if service.Spec.ClusterIP == v1.ClusterIPNone || len(service.Spec.Selector) == 0 {
			continue
		}
		for _, port := range service.Spec.Ports {
			address := net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(port.Port))
			wanted[address] = true
			if p.listeners[address] != nil {
				continue
			}
			listener, err := net.Listen("tcp", address)
			if err != nil {
				klog.ErrorS(err, "a Service cannot be served", "service", klog.KObj(service))
				continue
			}
			p.listeners[address] = listener
			go p.accept(listener, service.Namespace, service.Name, port.Name)
		}
	}
	for address, listener := range p.listeners {
		if !wanted[address] {
			_ = listener.Close()
			delete(p.listeners, address)
		}
	}
}

func (p *serviceProxy) accept(listener net.Listener, namespace, service, port string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go p.relay(connection, namespace, service, port)
	}
}

func (p *serviceProxy) relay(connection net.Conn, namespace, service, port string) {
	defer connection.Close()
	endpoints := p.endpoints(namespace, service, port)
	if len(endpoints) == 0 {
		return
	}
	to, err := net.Dial("tcp", endpoints[rand.IntN(len(endpoints))])
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	relay := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, is := to.(*net.TCPConn); is {
			_ = half.CloseWrite()
		}
		done <- struct{}{}
	}
	go relay(to, connection)
	go relay(connection, to)
	<-done
	<-done
}

// endpoints are the pods that are ready. The API server takes no EndpointSlice with addresses of
// 127.0.0.0/8, so they are found by the selector of the Service.
func (p *serviceProxy) endpoints(namespace, name, portName string) []string {
	service, err := p.informers.Core().V1().Services().Lister().Services(namespace).Get(name)
	if err != nil {
		return nil
	}
	pods, _ := p.informers.Core().V1().Pods().Lister().Pods(namespace).List(labels.SelectorFromSet(service.Spec.Selector))
	var found []string
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil || !podutil.IsPodReady(pod) {
			continue
		}
		for index := range service.Spec.Ports {
			if port := findPort(pod, service.Spec.Ports[index]); service.Spec.Ports[index].Name == portName && port != 0 {
				found = append(found, net.JoinHostPort(pod.Status.PodIP, fmt.Sprint(port)))
			}
		}
	}
	return found
}

// findPort is the port of a pod that a Service means, 0 where there is none.
func findPort(pod *v1.Pod, wanted v1.ServicePort) int32 {
	if wanted.TargetPort.StrVal == "" {
		return wanted.TargetPort.IntVal
	}
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == wanted.TargetPort.StrVal {
				return port.ContainerPort
			}
		}
	}
	return 0
}
