package kubelet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
)

// InitCommand is how this program is started in the namespaces of a container, to set them up and to
// become what the container runs.
const InitCommand = "container-init"
const planVariable = "CONTAINER_PLAN"

type mount struct {
	Source, Target string
	ReadOnly       bool
}

// plan is what a container is made of.
type plan struct {
	Root, Folder, Hostname string
	ReadOnly               bool
	UID, GID               int
	Groups                 []int
	Mounts                 []mount
	Command, Env           []string
}

func (p *plan) applySecurity(pod *v1.PodSecurityContext, container *v1.SecurityContext) {
	if pod != nil {
		if pod.RunAsUser != nil {
			p.UID = int(*pod.RunAsUser)
		}
		if pod.RunAsGroup != nil {
			p.GID = int(*pod.RunAsGroup)
		}
		if pod.FSGroup != nil {
			p.Groups = append(p.Groups, int(*pod.FSGroup))
		}
	}
	if container != nil {
		if container.RunAsUser != nil {
			p.UID = int(*container.RunAsUser)
		}
		if container.ReadOnlyRootFilesystem != nil {
			p.ReadOnly = *container.ReadOnlyRootFilesystem
		}
	}
}

// Init is the first process of a container. It returns only where it failed.
func Init() error {
	var p plan
	if err := json.Unmarshal([]byte(os.Getenv(planVariable)), &p); err != nil {
		return err
	}
	if err := p.enter(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(p.Hostname)); err != nil {
		return err
	}
	// What is started has no more rights than its user, and gets none.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(p.Groups) },
		func() error { return syscall.Setgid(p.GID) },
		func() error { return syscall.Setuid(p.UID) },
		// A change of user forgets it: what is in a container ends with the kubelet.
		func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	program, err := lookPath(p.Command[0], p.Env)
	if err != nil {
		return err
	}
	return syscall.Exec(program, p.Command, p.Env)
}

// enter makes the files of the container its root.
func (p *plan) enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	layers := filepath.Join(p.Folder, "layers")
	if err := os.MkdirAll(layers, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", layers, "tmpfs", 0, ""); err != nil {
		return err
	}
	root, upper, work := filepath.Join(layers, "root"), filepath.Join(layers, "upper"), filepath.Join(layers, "work")
	for _, folder := range []string{root, upper, work} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", p.Root, upper, work)
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("the image %s cannot be mounted: %w", p.Root, err)
	}
	for _, each := range p.Mounts {
		if err := bind(each.Source, filepath.Join(root, each.Target), each.ReadOnly); err != nil {
			return fmt.Errorf("%s cannot be mounted: %w", each.Target, err)
		}
	}
	for _, folder := range []string{"dev", "proc"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("/dev", filepath.Join(root, "dev"), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Mount("proc", filepath.Join(root, "proc"), "proc", 0, ""); err != nil {
		return err
	}
	if p.ReadOnly {
		if err := unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("the root cannot be made read-only: %w", err)
		}
	}
	if err := unix.Chroot(root); err != nil {
		return err
	}
	return os.Chdir("/")
}

func bind(source, target string, readOnly bool) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		var file *os.File
		if file, err = os.OpenFile(target, os.O_CREATE, 0o644); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil || !readOnly {
		return err
	}
	return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
}

func lookPath(program string, environment []string) (string, error) {
	if filepath.IsAbs(program) {
		return program, nil
	}
	for _, variable := range environment {
		if len(variable) > 5 && variable[:5] == "PATH=" {
			for _, folder := range filepath.SplitList(variable[5:]) {
				path := filepath.Join(folder, program)
				if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
					return path, nil
				}
			}
		}
	}
	return "", fmt.Errorf("no program %s", program)
}
