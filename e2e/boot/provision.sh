#!/bin/sh
# Provides what boots virtual machines of three architectures, once, and prints the directory:
#
#   usr/                       programs of Debian, which work in that place alone: qemu-system-*, swtpm, mcopy, sbverify,
#                              osslsigncode; and the firmware, in usr/share
#   kernel-GOARCH              kernels of Debian that start as UEFI programs, too
#   NAME-arm64.ko.xz           modules of the kernel for arm64: the driver of the TPM that qemu has there
#   stub-GOARCH.efi            systemd's UEFI stub
#
# Nothing is installed on the system, and no root is needed: packages of Debian's suite forky are unpacked below
# ~/.cache/rules_go3s, the foreign ones by a private apt root. apt verifies them as it does for the machine. The settings are those of
# ../../airgap/README.md.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME to a writable directory}/.cache}/rules_go3s
suite=forky
packages="qemu-system-x86 qemu-system-arm qemu-system-riscv opensbi ovmf-generic qemu-efi-aarch64 qemu-efi-riscv64
  swtpm mtools sbsigntool osslsigncode openssl"
# What they depend on for installation and services only.
assumed=debconf,systemd,libsystemd-shared,dbus,init-system-helpers,passwd,adduser

die() {
  echo "provision.sh: $*" >&2
  exit 1
}

for tool in apt-get apt-cache apt-config dpkg dpkg-deb go; do
  command -v $tool >/dev/null || die "no $tool on PATH: wanted a Debian machine with apt and Go"
done

# A hash of all that the outcome depends on, as in bazelw.
recipe=$( (cd "$here/../../airgap" && cat ./*.go && cat "$here/provision.sh") | sha256sum | cut -c1-12)
dir=$home/boot-$recipe
if [ -d "$dir" ]; then
  echo "$dir"
  exit
fi

# shellcheck disable=SC2086 # packages are words
debian=$(cd "$here/../../airgap" && GOFLAGS='' GOWORK=off CGO_ENABLED=0 go run . -home "$home" -recipe "$recipe" -source . packages \
  -assume "$assumed" $packages)

work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mirror=${RULES_GO3S_DEBIAN_MIRROR:-$(apt-get update --print-uris | sed -n "s|^'\([^']*/debian\)/dists/.*|\1|p" | head -n 1)}
[ -n "$mirror" ] || die "no Debian mirror among this machine's apt sources; add one, or set RULES_GO3S_DEBIAN_MIRROR to a mirror's URI"
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources" "$apt/debs"
: >"$apt/status"
{
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: amd64 arm64 riscv64\n' "$mirror" "$suite"
  for keyring in /usr/share/keyrings/debian-archive-keyring.pgp /usr/share/keyrings/debian-archive-keyring.gpg; do
    if [ -e "$keyring" ]; then
      echo "Signed-By: $keyring"
      break
    fi
  done
} >"$apt/sources/debian.sources"
{
  apt-config dump Acquire | grep -E '^Acquire::(http|https|Retries|ForceIPv)' || true
  while read -r key value; do
    echo "$key \"$value\";"
  done <<END
Dir::Etc::parts -
Dir::Etc::main -
Dir::Etc::sourcelist -
Dir::Etc::sourceparts $apt/sources
Dir::Etc::preferences -
Dir::Etc::preferencesparts -
Dir::State $apt
Dir::State::lists $apt/lists
Dir::State::status $apt/status
Dir::Cache $apt/cache
Acquire::Languages none
Acquire::Check-Valid-Until false
APT::Sandbox::User
APT::Architecture $(dpkg --print-architecture)
APT::Architectures amd64,arm64,riscv64
END
} >"$apt/apt.conf"
export APT_CONFIG="$apt/apt.conf" LC_ALL=C
apt-get update --error-on=any >"$apt/log" 2>&1 || die "read $mirror (suite $suite): $(cat "$apt/log")"

# dependency PACKAGE PATTERN prints the one package with such a name that PACKAGE depends on.
dependency() {
  found=$(apt-cache depends --important "$1" 2>>"$apt/log" | sed -n "s/^ *Depends: \($2\)\$/\1/p")
  [ "$(echo "$found" | wc -w)" = 1 ] || die "$1 depends on $(echo "$found" | wc -w) packages $2, want 1; set RULES_GO3S_DEBIAN_MIRROR to another snapshot"
  echo "$found"
}

for kernel in cloud-amd64:amd64 cloud-arm64:arm64 riscv64:riscv64; do
  arch=${kernel#*:}
  native=:$arch
  [ "$arch" != "$(dpkg --print-architecture)" ] || native=
  image=$(dependency "linux-image-${kernel%:*}$native" 'linux-image-[0-9].*')
  binary=$(dependency "$image" 'linux-binary-[0-9].*')
  modules=
  if [ "$arch" = arm64 ]; then
    modules=$(dependency "$image" 'linux-modules-[0-9].*')
    modules=${modules%:*}:$arch
  fi
  # shellcheck disable=SC2086 # none or one
  (cd "$apt/debs" && apt-get download "${binary%:*}:$arch" "systemd-boot-efi:$arch" $modules >>"$apt/log" 2>&1) ||
    die "download the kernel and the stub of $arch from $mirror: $(tail -n 3 "$apt/log")"
  mkdir "$apt/$arch"
  for deb in "$apt"/debs/*_"$arch".deb; do
    dpkg-deb --extract "$deb" "$apt/$arch"
  done
  case $arch in
  amd64) efi=x64 ;;
  arm64) efi=aa64 ;;
  riscv64) efi=riscv64 ;;
  esac
  set -- "$apt/$arch"/usr/lib/modules/*/vmlinuz
  [ $# = 1 ] && [ -f "$1" ] || die "$binary has no usr/lib/modules/*/vmlinuz"
  mv "$1" "$work/kernel-$arch"
  if [ -n "$modules" ]; then
    for module in tpm_tis_core tpm_tis; do
      mv "$apt/$arch"/usr/lib/modules/*/kernel/drivers/char/tpm/$module.ko.xz "$work/$module-$arch.ko.xz"
    done
  fi
  mv "$apt/$arch/usr/lib/systemd/boot/efi/linux$efi.efi.stub" "$work/stub-$arch.efi"
done
rm -rf "$apt"
chmod 755 "$work"
ln -s "../${debian##*/}/usr" "$work/usr"
mv "$work" "$dir"
echo "$dir"
