package osdetect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Options says what Detect shall look at.
type Options struct {
	// Dir is the directory whose volume disk.free_bytes is measured on. It
	// need not exist yet: its nearest existing parent counts. Without it
	// disk.free_bytes stays unknown.
	Dir string
}

// Detect reads the machine once. It takes some milliseconds, starts no program
// and changes nothing; keep the result. What cannot be read is absent. The
// error is that of the context, or *Error with CodeUnsupported, wrapping
// errors.ErrUnsupported, on a system this package does not know.
func Detect(ctx context.Context, o Options) (Facts, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("detecting the operating system: %w", err)
	}
	r, err := read(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("detecting the operating system: %w", err)
	}
	return interpret(r)
}

// raw holds readings as the system gives them, unjudged. A nil pointer or an
// empty text is what could not be read. It is JSON, so that a machine that
// puzzles us can be sent as a file.
type raw struct {
	GOOS      string  `json:"goos"`
	GOARCH    string  `json:"goarch"`
	Elevated  *bool   `json:"elevated,omitempty"`
	FreeBytes *uint64 `json:"free_bytes,omitempty"`

	Windows *rawWindows `json:"windows,omitempty"`
	Darwin  *rawDarwin  `json:"darwin,omitempty"`
	Linux   *rawLinux   `json:"linux,omitempty"`
}

// rawWindows is what Windows says.
type rawWindows struct {
	Numbers         [3]uint32 `json:"numbers"`                    // RtlGetNtVersionNumbers: major, minor, build
	Version         [3]uint32 `json:"version"`                    // RtlGetVersion, which the compatibility layer may change
	ProductType     uint8     `json:"product_type,omitempty"`     // RtlGetVersion: 1 workstation, 2 domain controller, 3 server
	Suite           *uint16   `json:"suite,omitempty"`            // RtlGetVersion: bits of installed parts
	UBR             *uint64   `json:"ubr,omitempty"`              // registry
	EditionID       string    `json:"edition_id,omitempty"`       // registry
	DisplayVersion  string    `json:"display_version,omitempty"`  // registry, since 20H2
	ReleaseID       string    `json:"release_id,omitempty"`       // registry, 2009 ever since 20H2
	NativeMachine   uint16    `json:"native_machine,omitempty"`   // IsWow64Process2
	Session         *uint32   `json:"session,omitempty"`          // of this process
	ConsoleSession  *uint32   `json:"console_session,omitempty"`  // the one at the screen; 0xFFFFFFFF for none
	RemoteSession   *bool     `json:"remote_session,omitempty"`   // SM_REMOTESESSION
	SessionName     string    `json:"session_name,omitempty"`     // SESSIONNAME
	SessionHost     *bool     `json:"session_host,omitempty"`     // TSAppCompat: programs run for several users at once
	CitrixAgent     *bool     `json:"citrix_agent,omitempty"`     // the Virtual Delivery Agent is registered
	WMIC            *bool     `json:"wmic,omitempty"`             // the file is there
	SmartCards      *service  `json:"smart_cards,omitempty"`      // SCardSvr
	WMICOfSystem    string    `json:"wmic_of_system,omitempty"`   // where Windows has its own
	WMICOnPath      []string  `json:"wmic_on_path"`               // every one that the PATH of the machine leads to, in its order; null when it cannot be read
	ServicingReboot *bool     `json:"servicing_reboot,omitempty"` // Component Based Servicing waits
	UpdateReboot    *bool     `json:"update_reboot,omitempty"`    // Windows Update waits
	PendingRenames  *bool     `json:"pending_renames,omitempty"`  // files are to be replaced at start
	UpdateVolatile  *bool     `json:"update_volatile,omitempty"`  // an update program said so
}

// service is what Windows says about a service, in the numbers of winsvc.h; all
// zero when there is none of that name.
type service struct {
	State uint32 `json:"state"` // 1 stopped, 4 running, others on the way
	Start uint32 `json:"start"` // 2 automatic, 3 on demand, 4 disabled
}

// rawDarwin is what macOS says.
type rawDarwin struct {
	Kernel       string  `json:"kernel,omitempty"`        // kern.osrelease, the Darwin version
	Product      string  `json:"product,omitempty"`       // kern.osproductversion, absent up to 10.13
	Build        string  `json:"build,omitempty"`         // kern.osversion
	PlistProduct string  `json:"plist_product,omitempty"` // SystemVersion.plist
	PlistBuild   string  `json:"plist_build,omitempty"`   // SystemVersion.plist
	Machine      string  `json:"machine,omitempty"`       // hw.machine, x86_64 under Rosetta
	ARM64        *bool   `json:"arm64,omitempty"`         // hw.optional.arm64, absent on Intel
	Translated   *bool   `json:"translated,omitempty"`    // sysctl.proc_translated, absent on Intel
	SSH          bool    `json:"ssh,omitempty"`           // SSH_CONNECTION is set
	UID          uint32  `json:"uid"`                     // of this process
	SudoUID      *uint32 `json:"sudo_uid,omitempty"`      // SUDO_UID
	ConsoleUID   *uint32 `json:"console_uid,omitempty"`   // who owns /dev/console
	Parent       int     `json:"parent"`                  // process that started this one
}

// rawLinux is what Linux says.
type rawLinux struct {
	Release        map[string]string `json:"release,omitempty"` // os-release
	Machine        string            `json:"machine,omitempty"` // uname
	SSH            bool              `json:"ssh,omitempty"`     // SSH_CONNECTION is set
	SessionType    string            `json:"session_type,omitempty"`
	Parent         int               `json:"parent"`
	RebootRequired *bool             `json:"reboot_required,omitempty"` // /run/reboot-required
}

// existing returns dir or its nearest parent that exists, and "" for "".
func existing(dir string) string {
	for dir != "" {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
	return ""
}
