// Package execguard decides which files of a Linux system may be executed: those whose signature in the file (package elfsign) is by a
// trusted key, and those on a list of SHA-256 digests. It refuses every other file, and every file that it cannot read, whose contents
// another process may change meanwhile, or that is on a file system whose contents do not come from this kernel.
//
// # How
//
// fanotify(7) asks for each file that is opened for execution (FAN_OPEN_EXEC_PERM, Linux 5.0) on the file systems that are marked, and
// the process that executes waits for the answer. The kernel allows everything as soon as nobody has the group of marks open any more, so
// two processes have it: the keeper, which does little and refuses everything while there is no worker, and the worker, which
// judges.
//
// # Why a verdict still holds when the kernel executes
//
// The kernel asks before it forbids writing to the file (deny_write_access). A process that has the file open for writing could change it
// after the verdict and close it before that. So the worker takes a read lease first (fcntl(2), F_SETLEASE): the kernel grants it only
// if nobody has the file open for writing, and tells the worker before anybody gets it open. While the lease lasts, the contents do not
// change. A process that opens the file for writing waits until the worker gives the lease up, and counts as a writer from before it waits:
// the kernel then executes nothing ("text file busy"), or it already executes, and then the writer gets the error. So a lease may be given
// up at any time for a writer, and otherwise only when the execution that was allowed has certainly begun or failed.
//
// A lease belongs to an open file, so the cache of verdicts keeps files open: the number of an inode in it is not given to another file.
package execguard
