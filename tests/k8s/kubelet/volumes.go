package kubelet

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
)

type payload = map[string]volumeutil.FileProjection

func (w *worker) volumeFolder(name string) string {
	return filepath.Join(w.folder, "volumes", name)
}

// syncVolumes makes the volumes what the API server says that they are. A folder is replaced as a
// whole, as kubelet does.
func (w *worker) syncVolumes(ctx context.Context) error {
	pod := w.current()
	for _, volume := range pod.Spec.Volumes {
		if err := w.syncVolume(ctx, pod, volume); err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
	}
	return nil
}

func (w *worker) syncVolume(ctx context.Context, pod *v1.Pod, volume v1.Volume) error {
	folder := w.volumeFolder(volume.Name)
	switch {
	case volume.EmptyDir != nil:
		return w.makeFolder(pod, folder)
	case volume.PersistentVolumeClaim != nil:
		return w.linkClaim(pod, volume.PersistentVolumeClaim.ClaimName, folder)
	}
	files, err := w.filesOf(ctx, pod, volume)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	writer, err := volumeutil.NewAtomicWriter(folder, pod.Name)
	if err != nil {
		return err
	}
	return writer.Write(files, func(subPath string) error { return w.setGroup(pod, filepath.Join(folder, subPath)) })
}

// filesOf is what a volume is made of.
func (w *worker) filesOf(ctx context.Context, pod *v1.Pod, volume v1.Volume) (payload, error) {
	switch {
	case volume.Secret != nil:
		return w.secretFiles(pod, volume.Secret.SecretName, volume.Secret.Items, volume.Secret.DefaultMode)
	case volume.ConfigMap != nil:
		return w.configMapFiles(pod, volume.ConfigMap.Name, volume.ConfigMap.Items, volume.ConfigMap.DefaultMode)
	case volume.Projected != nil:
		all := payload{}
		for _, source := range volume.Projected.Sources {
			files, err := w.projected(ctx, pod, source, volume.Projected.DefaultMode, volume.Name)
			if err != nil {
				return nil, err
			}
			maps.Copy(all, files)
		}
		return all, nil
	}
	return nil, fmt.Errorf("its kind is not known to the test kubelet")
}

func (w *worker) projected(ctx context.Context, pod *v1.Pod, source v1.VolumeProjection, mode *int32, volume string) (payload, error) {
	switch {
	case source.Secret != nil:
		return w.secretFiles(pod, source.Secret.Name, source.Secret.Items, mode)
	case source.ConfigMap != nil:
		return w.configMapFiles(pod, source.ConfigMap.Name, source.ConfigMap.Items, mode)
	case source.ServiceAccountToken != nil:
		return w.token(ctx, pod, source.ServiceAccountToken, volume)
	case source.DownwardAPI != nil:
		files := payload{}
		for _, item := range source.DownwardAPI.Items {
			text, err := fieldpath.ExtractFieldPathAsString(pod, item.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			files[item.Path] = volumeutil.FileProjection{Data: []byte(text), Mode: *mode}
		}
		return files, nil
	}
	return nil, fmt.Errorf("a projection is not known to the test kubelet")
}

func (w *worker) secretFiles(pod *v1.Pod, name string, items []v1.KeyToPath, mode *int32) (payload, error) {
	found, err := w.kubelet.informers.Core().V1().Secrets().Lister().Secrets(pod.Namespace).Get(name)
	if err != nil {
		return nil, err
	}
	return secret.MakePayload(items, found, mode, false)
}

func (w *worker) configMapFiles(pod *v1.Pod, name string, items []v1.KeyToPath, mode *int32) (payload, error) {
	found, err := w.kubelet.informers.Core().V1().ConfigMaps().Lister().ConfigMaps(pod.Namespace).Get(name)
	if err != nil {
		return nil, err
	}
	return configmap.MakePayload(items, found, mode, false)
}

// token is asked for once: no test takes as long as one is valid.
func (w *worker) token(ctx context.Context, pod *v1.Pod, source *v1.ServiceAccountTokenProjection, volume string) (payload, error) {
	path := filepath.Join(w.volumeFolder(volume), source.Path)
	if text, err := os.ReadFile(path); err == nil {
		return payload{source.Path: {Data: text, Mode: 0o440}}, nil
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	made, err := w.kubelet.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return payload{source.Path: {Data: []byte(made.Status.Token), Mode: 0o440}}, nil
}

// linkClaim waits until the claim is bound: its volume is a folder of this machine.
func (w *worker) linkClaim(pod *v1.Pod, name, folder string) error {
	claim, err := w.kubelet.informers.Core().V1().PersistentVolumeClaims().Lister().PersistentVolumeClaims(pod.Namespace).Get(name)
	if err != nil {
		return err
	}
	if claim.Spec.VolumeName == "" {
		return fmt.Errorf("the claim %s is not bound", name)
	}
	volume, err := w.kubelet.informers.Core().V1().PersistentVolumes().Lister().Get(claim.Spec.VolumeName)
	if err != nil {
		return err
	}
	if err := w.makeFolder(pod, volume.Spec.HostPath.Path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(volume.Spec.HostPath.Path, folder); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func groupOf(pod *v1.Pod) int {
	if pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.FSGroup == nil {
		return -1
	}
	return int(*pod.Spec.SecurityContext.FSGroup)
}

func (w *worker) makeFolder(pod *v1.Pod, folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o775); err != nil {
		return err
	}
	if err := os.Chown(folder, -1, groupOf(pod)); err != nil {
		return err
	}
	// What is made in it is the group's as well.
	return os.Chmod(folder, 0o2775|os.ModeSetgid)
}

func (w *worker) setGroup(pod *v1.Pod, folder string) error {
	return filepath.Walk(folder, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, -1, groupOf(pod))
	})
}
