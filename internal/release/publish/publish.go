// Package publish brings a release to where people get it: a folder, and a registry of container images. It refuses to begin before it
// knows that the release is sound, that the places are named well, and that the registry answers.
package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// A Registry is where an image goes.
type Registry struct {
	ref  registry.Reference
	repo *remote.Repository
	user auth.CredentialFunc
}

// NewRegistry returns the registry of a reference HOST/REPOSITORY[:TAG]. Without a tag it is the version of the release. Credentials are
// those of docker's or podman's configuration file. With plain the registry speaks HTTP without TLS.
func NewRegistry(reference, version string, plain bool) (*Registry, error) {
	ref, err := registry.ParseReference(reference)
	if err != nil {
		return nil, fmt.Errorf("--registry %q: want HOST/REPOSITORY:TAG: %w", reference, err)
	}
	if ref.Reference == "" {
		ref.Reference = version
	}
	if err := ref.ValidateReferenceAsTag(); err != nil {
		return nil, fmt.Errorf("--registry %q: %q is no tag: want letters, digits, \"_\", \".\" and \"-\", 128 at most: %w",
			reference, ref.Reference, err)
	}
	repo, err := remote.NewRepository(ref.Registry + "/" + ref.Repository)
	if err != nil {
		return nil, fmt.Errorf("--registry %q: %w", reference, err)
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("credentials of registries: %w", err)
	}
	repo.PlainHTTP = plain
	repo.Client = &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache(), Credential: credentials.Credential(store)}
	return &Registry{ref, repo, credentials.Credential(store)}, nil
}

// Check returns an error unless the registry answers as one. It asks once: a name that is wrong does not become right.
func (r *Registry) Check(ctx context.Context) error {
	server, err := remote.NewRegistry(r.ref.Registry)
	if err != nil {
		return err
	}
	server.PlainHTTP = r.repo.PlainHTTP
	server.Client = &auth.Client{Client: http.DefaultClient, Cache: auth.NewCache(), Credential: r.user}
	if err := server.Ping(ctx); err != nil {
		return fmt.Errorf("registry %s: %w", r.ref.Registry, err)
	}
	return nil
}

// Push copies the image of the release in dir, for all platforms, and returns what it is called now.
func (r *Registry) Push(ctx context.Context, dir string, x *index.Index) (string, error) {
	if x.Image == nil {
		return "", fmt.Errorf("%s %s has no image: set image_entrypoint of its go_release", x.Name, x.Version)
	}
	layout, err := oci.NewFromFS(ctx, os.DirFS(filepath.Join(dir, index.ImageFolder)))
	if err != nil {
		return "", err
	}
	pushed, err := oras.Copy(ctx, layout, x.Image.Digest, r.repo, r.ref.Reference, oras.DefaultCopyOptions)
	if err != nil {
		return "", fmt.Errorf("registry %s: %w", r.ref, err)
	}
	if pushed.Digest.String() != x.Image.Digest {
		return "", fmt.Errorf("registry %s: it has %s, want %s", r.ref, pushed.Digest, x.Image.Digest)
	}
	return fmt.Sprintf("%s@%s", r.ref, pushed.Digest), nil
}

// CheckFolder returns an error unless a release can become the folder to.
func CheckFolder(to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("--directory %s: there is something already; name a folder that does not exist", to)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Folder copies the release in dir to the folder to, whole or not at all.
func Folder(dir, to string) (err error) {
	if err := CheckFolder(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(to), filepath.Base(to)+".")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temporary)
		}
	}()
	if err := os.CopyFS(temporary, plainFS{os.DirFS(dir)}); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	return os.Rename(temporary, to)
}
