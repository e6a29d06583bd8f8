package kubelet

import (
	"context"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// provisioner makes a volume, a folder of this machine, for each claim that has none.
type provisioner struct {
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
	folder    string
	changed   chan struct{}
}

func newProvisioner(client kubernetes.Interface, factory informers.SharedInformerFactory, folder string) *provisioner {
	made := &provisioner{client: client, informers: factory, folder: folder, changed: make(chan struct{}, 1)}
	onChange(factory.Core().V1().PersistentVolumeClaims().Informer(), made.changed)
	factory.Core().V1().PersistentVolumes().Informer()
	factory.Core().V1().Secrets().Informer()
	factory.Core().V1().ConfigMaps().Informer()
	return made
}

func (p *provisioner) follow(ctx context.Context) {
	for {
		claims, _ := p.informers.Core().V1().PersistentVolumeClaims().Lister().List(labels.Everything())
		for _, claim := range claims {
			if claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil {
				p.provision(ctx, claim)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		}
	}
}

func (p *provisioner) provision(ctx context.Context, claim *v1.PersistentVolumeClaim) {
	name := "pv-" + string(claim.UID)
	class := ""
	if claim.Spec.StorageClassName != nil {
		class = *claim.Spec.StorageClassName
	}
	volume := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1.PersistentVolumeSpec{
			Capacity:               v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			AccessModes:            claim.Spec.AccessModes,
			StorageClassName:       class,
			PersistentVolumeSource: v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: filepath.Join(p.folder, name)}},
			ClaimRef: &v1.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
	if _, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
		klog.ErrorS(err, "a volume cannot be made", "claim", klog.KObj(claim))
	}
}
