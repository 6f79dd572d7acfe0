// Package oci makes and reads OCI image layouts: one image index with an image for each platform, from scratch. Each image has up to two
// layers: what all platforms share (users, certificates, time zones), and the platform's programs. It refuses, when reading, blobs that
// are not what their digests say and layers with anything but files and folders.
package oci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// A Config is what the images of all platforms have in common.
type Config struct {
	Entrypoint []string          `json:"entrypoint"`
	Command    []string          `json:"command"`
	Env        []string          `json:"env"`        // NAME=value
	User       string            `json:"user"`       // UID:GID or NAME:UID:GID
	WorkingDir string            `json:"workdir"`    // absolute
	Labels     map[string]string `json:"labels"`     // also annotations of the index
	Ports      []string          `json:"ports"`      // such as 8080/tcp
	StopSignal string            `json:"stopsignal"` // such as SIGTERM
}

// An Image is the programs for one platform.
type Image struct {
	Platform v1.Platform
	Files    *fileset.Set
}

// PlatformOf returns what OCI calls the machine of a platform: GOARCH, and for amd64 its level where the name of the platform ends with
// it.
func PlatformOf(goarch, platform string) v1.Platform {
	p := v1.Platform{OS: "linux", Architecture: goarch}
	switch {
	case goarch == "arm64":
		p.Variant = "v8"
	case goarch == "amd64":
		if i := strings.LastIndex(platform, "_v"); i >= 0 {
			p.Variant = platform[i+1:]
		}
	}
	return p
}

var (
	userRE   = regexp.MustCompile(`^(?:([a-z_][a-z0-9_-]*):)?([0-9]+):([0-9]+)$`)
	portRE   = regexp.MustCompile(`^([0-9]+)/(tcp|udp|sctp)$`)
	signalRE = regexp.MustCompile(`^(SIG[A-Z0-9+-]+|[1-9][0-9]?)$`)
)

// Check returns what is wrong with c.
func (c *Config) Check() error {
	if m := userRE.FindStringSubmatch(c.User); c.User != "" {
		if m == nil {
			return fmt.Errorf("image_user: %q: want UID:GID, or NAME:UID:GID for a user in /etc/passwd", c.User)
		}
		for _, id := range m[2:] {
			if n, err := strconv.ParseUint(id, 10, 32); err != nil || n == math.MaxUint32 {
				return fmt.Errorf("image_user: %q: %s is no number of a user or group, want 0 to %d", c.User, id, math.MaxUint32-1)
			}
		}
	}
	for _, port := range c.Ports {
		m := portRE.FindStringSubmatch(port)
		if m == nil {
			return fmt.Errorf("image_ports: %q: want a number and a protocol, such as 8080/tcp", port)
		}
		if n, err := strconv.Atoi(m[1]); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("image_ports: %q: want a port from 1 to 65535", port)
		}
	}
	for _, e := range c.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return fmt.Errorf("image_env: %q: want NAME=value", e)
		}
	}
	if c.WorkingDir != "" && (!strings.HasPrefix(c.WorkingDir, "/") || path.Clean(c.WorkingDir) != c.WorkingDir) {
		return fmt.Errorf("image_workdir: %q: want an absolute path without \".\" and \"..\"", c.WorkingDir)
	}
	if c.StopSignal != "" && !signalRE.MatchString(c.StopSignal) {
		return fmt.Errorf("image_stop_signal: %q: want a name or a number, such as SIGTERM", c.StopSignal)
	}
	if _, ok := c.Labels[""]; ok {
		return fmt.Errorf("image_labels: a label has no name")
	}
	return nil
}

// UserFiles returns /etc/passwd and /etc/group with root and the user of c, none when c names no user.
func (c *Config) UserFiles() []fileset.File {
	m := userRE.FindStringSubmatch(c.User)
	if m == nil || m[1] == "" {
		return nil
	}
	name, uid, gid := m[1], m[2], m[3]
	passwd := fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\n%s:x:%s:%s:%s:/:/sbin/nologin\n", name, uid, gid, name)
	group := fmt.Sprintf("root:x:0:\n%s:x:%s:\n", name, gid)
	return []fileset.File{
		{Path: "etc/passwd", Mode: 0o644, Data: []byte(passwd)},
		{Path: "etc/group", Mode: 0o644, Data: []byte(group)},
	}
}

// user returns UID:GID, which needs no /etc/passwd to be understood.
func (c *Config) user() string {
	m := userRE.FindStringSubmatch(c.User)
	if m == nil {
		return ""
	}
	return m[2] + ":" + m[3]
}

// versioned is the version of manifests and indexes.
var versioned = specs.Versioned{SchemaVersion: 2}

// A layout is the blobs that are being collected.
type layout map[string][]byte

func (l layout) blob(mediaType string, data []byte) v1.Descriptor {
	d := digest.FromBytes(data)
	l[blobPath(d)] = data
	return v1.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

func (l layout) json(mediaType string, v any) (v1.Descriptor, error) {
	data, err := json.Marshal(v)
	return l.blob(mediaType, data), err
}

func blobPath(d digest.Digest) string { return "blobs/" + d.Algorithm().String() + "/" + d.Encoded() }

// A layer is a descriptor of a compressed layer, and the digest of what it expands to.
type layer struct {
	v1.Descriptor
	diffID digest.Digest
}

func (l layout) layer(set *fileset.Set, date time.Time) (layer, error) {
	var tar bytes.Buffer
	if err := archive.WriteTar(&tar, set, date); err != nil {
		return layer{}, err
	}
	data, err := archive.Gzip(tar.Bytes())
	if err != nil {
		return layer{}, err
	}
	return layer{l.blob(v1.MediaTypeImageLayerGzip, data), digest.FromBytes(tar.Bytes())}, nil
}

// Build returns the files of an image layout with one index of the images, and the digest of the index. ref names it in the layout.
func Build(c *Config, base *fileset.Set, images []Image, ref string, date time.Time) (map[string][]byte, digest.Digest, error) {
	if err := c.Check(); err != nil {
		return nil, "", err
	}
	l := layout{}
	var shared []layer
	if len(base.Files()) > 0 {
		layer, err := l.layer(base, date)
		if err != nil {
			return nil, "", err
		}
		shared = append(shared, layer)
	}
	index := v1.Index{Versioned: versioned, MediaType: v1.MediaTypeImageIndex, Annotations: c.Labels}
	for _, image := range images {
		manifest, err := l.image(c, shared, image, date)
		if err != nil {
			return nil, "", err
		}
		index.Manifests = append(index.Manifests, manifest)
	}
	top, err := l.json(v1.MediaTypeImageIndex, index)
	if err != nil {
		return nil, "", err
	}
	named := top
	named.Annotations = map[string]string{v1.AnnotationRefName: ref}
	text, err := json.Marshal(v1.Index{Versioned: versioned, MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{named}})
	if err != nil {
		return nil, "", err
	}
	l[v1.ImageIndexFile] = text
	version, err := json.Marshal(v1.ImageLayout{Version: v1.ImageLayoutVersion})
	l[v1.ImageLayoutFile] = version
	return l, top.Digest, err
}

// image adds the image of one platform and returns its descriptor.
func (l layout) image(c *Config, shared []layer, image Image, date time.Time) (v1.Descriptor, error) {
	programs, err := l.layer(image.Files, date)
	if err != nil {
		return v1.Descriptor{}, err
	}
	layers := append(slices.Clone(shared), programs)
	config := v1.Image{Created: &date, Platform: image.Platform}
	config.Config = v1.ImageConfig{
		User:       c.user(),
		Env:        c.Env,
		Entrypoint: c.Entrypoint,
		Cmd:        c.Command,
		WorkingDir: c.WorkingDir,
		Labels:     c.Labels,
		StopSignal: c.StopSignal,
	}
	if len(c.Ports) > 0 {
		config.Config.ExposedPorts = map[string]struct{}{}
		for _, port := range c.Ports {
			config.Config.ExposedPorts[port] = struct{}{}
		}
	}
	manifest := v1.Manifest{Versioned: versioned, MediaType: v1.MediaTypeImageManifest, Annotations: maps.Clone(c.Labels)}
	config.RootFS.Type = "layers"
	for i, layer := range layers {
		comment := "programs"
		if i < len(shared) {
			comment = "users, certificates, time zones"
		}
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.diffID)
		config.History = append(config.History, v1.History{Created: &date, CreatedBy: "go3s-release", Comment: comment})
		manifest.Layers = append(manifest.Layers, layer.Descriptor)
	}
	if manifest.Config, err = l.json(v1.MediaTypeImageConfig, config); err != nil {
		return v1.Descriptor{}, err
	}
	d, err := l.json(v1.MediaTypeImageManifest, manifest)
	d.Platform = &image.Platform
	return d, err
}
