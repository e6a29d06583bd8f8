// Package kubelet runs pods as processes of this machine, for tests. A container has a mount, PID and
// UTS namespace of its own, with the files of its image under an overlay, its volumes, its user and its
// group; a pod has an address of 127.0.0.0/8. There is no isolation of networks: what listens has to
// listen on the address of its pod.
package kubelet

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

// Options of one process, which is all nodes of a cluster.
type Options struct {
	Kubeconfig string
	Nodes      []string
	Folder     string
	// Images by repository, without tag: `kcp-ts=/path/of/the/root:/entry,point`.
	Images []string
	// What the addresses of pods begin with: `127.20`.
	PodPrefix string
	// Where containers reach the API server.
	APIServer string
}

// Image is a folder with the files of an image, and what it runs.
type Image struct {
	Root       string
	Entrypoint []string
	Env        []string
}

// Kubelet runs the pods that are bound to its nodes.
type Kubelet struct {
	options   Options
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
	images    map[string]Image
	hosts     *hosts

	mutex   sync.Mutex
	workers map[types.UID]*worker
	nextIP  int
}

// NewCommand is `kubernetes kubelet`.
func NewCommand() *cobra.Command {
	options := Options{}
	command := &cobra.Command{
		Use:          "kubelet",
		Short:        "Runs pods as processes of this machine, for tests",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Kubeconfig, "kubeconfig", "", "How the API server is reached.")
	flags.StringSliceVar(&options.Nodes, "nodes", []string{"node-1"}, "Names of the nodes, each in a zone of its own.")
	flags.StringVar(&options.Folder, "folder", "", "Where volumes and logs are.")
	flags.StringArrayVar(&options.Images, "image", nil, "repository=root;entrypoint word;…;VARIABLE=value")
	flags.StringVar(&options.PodPrefix, "pod-prefix", "127.20", "The first half of the addresses of pods.")
	flags.StringVar(&options.APIServer, "api-server", "", "host:port of the API server, for containers.")
	return command
}

func run(ctx context.Context, options Options) error {
	if err := os.MkdirAll(options.Folder, 0o755); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", options.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	images, err := parseImages(options.Images)
	if err != nil {
		return err
	}
	kubelet := &Kubelet{
		options:   options,
		client:    client,
		informers: informers.NewSharedInformerFactory(client, 0),
		images:    images,
		workers:   map[types.UID]*worker{},
	}
	if err := kubelet.registerNodes(ctx); err != nil {
		return err
	}
	kubelet.hosts = newHosts(filepath.Join(options.Folder, "hosts"), kubelet.informers)
	_, err = kubelet.informers.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { kubelet.onPod(ctx, object.(*v1.Pod)) },
		UpdateFunc: func(_, object any) { kubelet.onPod(ctx, object.(*v1.Pod)) },
		DeleteFunc: func(object any) { kubelet.onRemoved(object) },
	})
	if err != nil {
		return err
	}
	proxy := newServiceProxy(kubelet.informers)
	provisioner := newProvisioner(client, kubelet.informers, filepath.Join(options.Folder, "volumes"))
	kubelet.informers.Start(ctx.Done())
	kubelet.informers.WaitForCacheSync(ctx.Done())
	go kubelet.heartbeat(ctx)
	go kubelet.hosts.follow(ctx)
	go proxy.follow(ctx)
	go provisioner.follow(ctx)
	<-ctx.Done()
	kubelet.killAll()
	return nil
}

func parseImages(flags []string) (map[string]Image, error) {
	images := map[string]Image{}
	for _, flag := range flags {
		repository, rest, found := strings.Cut(flag, "=")
		if !found {
			return nil, fmt.Errorf("--image %q has no =", flag)
		}
		words := strings.Split(rest, ";")
		image := Image{Root: words[0]}
		for _, word := range words[1:] {
			if name, _, isVariable := strings.Cut(word, "="); isVariable && name == strings.ToUpper(name) {
				image.Env = append(image.Env, word)
			} else {
				image.Entrypoint = append(image.Entrypoint, word)
			}
		}
		images[repository] = image
	}
	return images, nil
}

// imageOf finds an image by its repository, whatever its tag.
func (k *Kubelet) imageOf(name string) (Image, error) {
	repository := name
	if at := strings.LastIndexAny(name, ":@"); at > strings.LastIndex(name, "/") {
		repository = name[:at]
	}
	image, found := k.images[repository]
	if !found {
		return Image{}, fmt.Errorf("no image %s: there are %v", name, slices.Sorted(maps.Keys(k.images)))
	}
	return image, nil
}

func (k *Kubelet) registerNodes(ctx context.Context) error {
	for index, name := range k.options.Nodes {
		node := &v1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				v1.LabelHostname:     name,
				v1.LabelTopologyZone: fmt.Sprintf("zone-%d", index+1),
				v1.LabelOSStable:     "linux",
			}},
		}
		if _, err := k.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := k.updateNode(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// updateNode says that a node is well. The node controller writes to it as well, so it may be refused.
func (k *Kubelet) updateNode(ctx context.Context, name string) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node, err := k.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		now := metav1.Now()
		node.Status.Capacity = resourcesOfNode()
		node.Status.Allocatable = resourcesOfNode()
		node.Status.Addresses = []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "127.0.0.1"}}
		node.Status.Conditions = []v1.NodeCondition{{
			Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: now, LastTransitionTime: now,
		}}
		_, err = k.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	})
}

// heartbeat tells the node controller that the nodes are there.
func (k *Kubelet) heartbeat(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Second):
		}
		for _, name := range k.options.Nodes {
			if err := k.updateNode(ctx, name); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "a node cannot be updated", "node", name)
			}
		}
	}
}

func (k *Kubelet) onPod(ctx context.Context, pod *v1.Pod) {
	if !slices.Contains(k.options.Nodes, pod.Spec.NodeName) {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	known, found := k.workers[pod.UID]
	if !found {
		known = newWorker(k, pod, k.newIP())
		k.workers[pod.UID] = known
		go known.run(ctx)
	}
	known.update(pod)
}

func (k *Kubelet) onRemoved(object any) {
	if unknown, is := object.(cache.DeletedFinalStateUnknown); is {
		object = unknown.Obj
	}
	pod, is := object.(*v1.Pod)
	if !is {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if known, found := k.workers[pod.UID]; found {
		known.kill()
		delete(k.workers, pod.UID)
	}
}

func (k *Kubelet) killAll() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, known := range k.workers {
		known.kill()
	}
}

// newIP never gives an address twice: a connection to a pod that is gone must not reach another one.
func (k *Kubelet) newIP() string {
	k.nextIP++
	return net.ParseIP(fmt.Sprintf("%s.%d.%d", k.options.PodPrefix, k.nextIP/250, k.nextIP%250+1)).String()
}

func (k *Kubelet) podFolder(pod *v1.Pod) string {
	folder := filepath.Join(k.options.Folder, "pods", fmt.Sprintf("%s_%s_%s", pod.Namespace, pod.Name, pod.UID))
	_ = os.MkdirAll(folder, 0o755)
	return folder
}
