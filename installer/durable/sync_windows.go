package durable

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// flushDir asks NTFS to write out the metadata of a directory. Windows
// documents no flush of a directory's entries. What is done: the handle, which
// os.Root opened for reading, is opened again for writing (relative to itself,
// so that no path is resolved twice) and flushed. What is relied on, and not
// verified by a power cut: NTFS logs metadata in order, so a flush that
// reaches its log carries the renames before it. A file system that refuses
// the request is taken as it is.
func flushDir(dir *os.File) error {
	raw, err := dir.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = flushHandle(windows.Handle(fd)) }); err != nil {
		return err
	}
	refused := errors.Is(failed, windows.ERROR_ACCESS_DENIED) || errors.Is(failed, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(failed, windows.ERROR_INVALID_PARAMETER) || errors.Is(failed, windows.ERROR_NOT_SUPPORTED)
	if failed != nil && !refused {
		return os.NewSyscallError("flush directory", failed)
	}
	return nil
}

// flushHandle opens the directory behind h for writing and flushes it.
func flushHandle(h windows.Handle) error {
	self, err := windows.NewNTUnicodeString("")
	if err != nil {
		return err
	}
	attributes := windows.OBJECT_ATTRIBUTES{RootDirectory: h, ObjectName: self}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var (
		writable windows.Handle
		status   windows.IO_STATUS_BLOCK
	)
	err = windows.NtCreateFile(&writable, windows.FILE_GENERIC_WRITE, &attributes, &status, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, windows.FILE_OPEN,
		windows.FILE_DIRECTORY_FILE|windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_OPEN_FOR_BACKUP_INTENT, 0, 0)
	var nt windows.NTStatus
	if errors.As(err, &nt) {
		return nt.Errno()
	}
	if err != nil {
		return err
	}
	return errors.Join(windows.FlushFileBuffers(writable), windows.CloseHandle(writable))
}

func handOverFile(f *os.File) error { return f.Sync() }

func handOverDir(dir *os.File) error { return flushDir(dir) }

// insist repeats try for about two seconds while another program, most often
// a virus scanner looking at a new file, keeps a file open.
func insist(try func() error) error {
	err := try()
	for pause := time.Millisecond; busy(err) && pause <= 1024*time.Millisecond; pause *= 2 {
		time.Sleep(pause)
		err = try()
	}
	return err
}

func busy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
