#!/bin/sh
# Runs a command where the kernel starts programs for arm64 by an emulator: in a user and mount namespace, which
# has a binfmt_misc of its own since Linux 6.7.
#
#   unshare --user --map-root-user --mount with_arm64.sh QEMU COMMAND...
set -eu
qemu=$1
shift
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || {
  echo "with_arm64.sh: this kernel, $(uname -r), has no binfmt_misc for user namespaces; want Linux 6.7 or newer" >&2
  exit 1
}
# ELF, 64 bits, little-endian, ET_EXEC or ET_DYN, EM_AARCH64; F opens the emulator now.
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":arm64:M::$magic:$mask:$qemu:F" >/proc/sys/fs/binfmt_misc/register
exec "$@"
