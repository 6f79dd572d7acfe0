//go:build linux

package execguard

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ownFileSystems are those whose files change only through this kernel's system calls, so that a lease says that they do not. The others,
// such as FUSE and network file systems, have a server that may change files.
var ownFileSystems = map[int64]string{
	unix.BTRFS_SUPER_MAGIC:     "btrfs",
	unix.EROFS_SUPER_MAGIC_V1:  "erofs",
	unix.EXT4_SUPER_MAGIC:      "ext2, ext3, ext4",
	unix.F2FS_SUPER_MAGIC:      "f2fs",
	unix.ISOFS_SUPER_MAGIC:     "iso9660",
	unix.MSDOS_SUPER_MAGIC:     "vfat",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.RAMFS_MAGIC:           "ramfs",
	unix.SQUASHFS_MAGIC:        "squashfs",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.XFS_SUPER_MAGIC:       "xfs",
}

// lease takes a read lease on the file: as long as it lasts, the contents do not change. The error is what to say of the file.
func lease(f *os.File) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return fmt.Errorf("its file system is not known: %w", err)
	}
	if ownFileSystems[int64(fs.Type)] == "" {
		return fmt.Errorf("its file system, of type %#x, may change files by itself", uint64(fs.Type))
	}
	switch _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err {
	case nil:
		return nil
	case unix.EAGAIN:
		return fmt.Errorf("a process has it open for writing")
	default:
		return fmt.Errorf("its file system gives no lease: %w", err)
	}
}

// leased reports whether nobody wants to write, or has written, since lease.
func leased(f *os.File) bool {
	how, err := unix.FcntlInt(f.Fd(), unix.F_GETLEASE, 0)
	return err == nil && how == unix.F_RDLCK
}
