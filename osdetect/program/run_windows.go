package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// folders are the variables that a program of Windows or an installer may need
// and that name folders.
var folders = map[string]*windows.KNOWNFOLDERID{
	"ALLUSERSPROFILE":         windows.FOLDERID_ProgramData,
	"APPDATA":                 windows.FOLDERID_RoamingAppData,
	"CommonProgramFiles":      windows.FOLDERID_ProgramFilesCommon,
	"CommonProgramFiles(x86)": windows.FOLDERID_ProgramFilesCommonX86,
	"CommonProgramW6432":      windows.FOLDERID_ProgramFilesCommon,
	"LOCALAPPDATA":            windows.FOLDERID_LocalAppData,
	"ProgramData":             windows.FOLDERID_ProgramData,
	"ProgramFiles":            windows.FOLDERID_ProgramFiles,
	"ProgramFiles(x86)":       windows.FOLDERID_ProgramFilesX86,
	"ProgramW6432":            windows.FOLDERID_ProgramFiles,
	"PUBLIC":                  windows.FOLDERID_Public,
	"USERPROFILE":             windows.FOLDERID_Profile,
}

// passed are variables that tell who runs the program and on what, and that
// nothing is run from.
var passed = []string{
	"COMPUTERNAME", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "SESSIONNAME", "USERDOMAIN", "USERNAME",
}

// environment is all that a program sees of the environment. Folders are asked
// of the system: an account may set any variable for itself, and must not turn
// what runs with an administrator's rights to files of its own.
func environment() []string {
	env := []string{"OS=Windows_NT", "PATHEXT=.COM;.EXE"}
	if dir, err := windows.GetSystemWindowsDirectory(); err == nil {
		system := dir + `\System32`
		env = append(env, "SystemRoot="+dir, "windir="+dir, "ComSpec="+system+`\cmd.exe`,
			"PATH="+system+";"+dir+";"+system+`\wbem`, "TEMP="+dir+`\Temp`, "TMP="+dir+`\Temp`)
		if len(dir) > 2 {
			env = append(env, "SystemDrive="+dir[:2])
		}
	}
	for name, id := range folders {
		if path, err := windows.KnownFolderPath(id, 0); err == nil { // systems of another width lack some
			env = append(env, name+"="+path)
		}
	}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// group is a program with what it started: a job object. One that nobody ends
// has none.
type group struct {
	job     windows.Handle
	process *os.Process
}

// resumeProcess lets a process run that was created suspended.
var resumeProcess = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtResumeProcess")

// start starts a program without a window and in a job of its own. It is put
// into the job before it runs, so that nothing it starts is outside. A program
// that is never ended needs no job, and is not suspended either: it would stay
// so if this process were ended just then.
func start(cmd *exec.Cmd, c Command) (*group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	if c.Line != "" {
		cmd.SysProcAttr.CmdLine = syscall.EscapeArg(c.Path) + " " + c.Line
	}
	if c.NoEnd && !c.Family {
		return &group{}, cmd.Start()
	}
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_SUSPENDED
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &group{process: cmd.Process}
	if err := g.enter(c.Family && !c.NoEnd); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait(), g.release())
	}
	return g, nil
}

// enter puts the suspended program into a job and lets it run. A family ends
// with its job, and so with this process, until it may leave.
func (g *group) enter(family bool) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("making a job: %w", err)
	}
	g.job = job
	if family {
		if err := g.limit(windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE); err != nil {
			return fmt.Errorf("tying the process to this one: %w", err)
		}
	}
	const rights = windows.PROCESS_SET_QUOTA | windows.PROCESS_TERMINATE | windows.PROCESS_SUSPEND_RESUME
	h, err := windows.OpenProcess(rights, false, uint32(g.process.Pid))
	if err != nil {
		return fmt.Errorf("opening the process: %w", err)
	}
	defer func() { _ = windows.CloseHandle(h) }()
	if err := windows.AssignProcessToJobObject(job, h); err != nil {
		return fmt.Errorf("putting the process into its job: %w", err)
	}
	if status, _, _ := resumeProcess.Call(uintptr(h)); int32(status) < 0 {
		return fmt.Errorf("resuming the process: %w", windows.NTStatus(status))
	}
	return nil
}

// letGo lets a process run that was never let go, and leaves every other as it
// is. Whether it was cannot be told from outside.
func letGo(pid uint32) {
	h, err := windows.OpenProcess(windows.PROCESS_SUSPEND_RESUME, false, pid)
	if err != nil {
		return // it ended meanwhile, or is somebody else's
	}
	_, _, _ = resumeProcess.Call(uintptr(h))
	_ = windows.CloseHandle(h)
}

// limit sets the limits of the job.
func (g *group) limit(flags uint32) error {
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: flags},
	}
	_, err := windows.SetInformationJobObject(g.job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return err
}

// leave lets the processes of the job outlive it and tells which there are. A
// console and a program that is just ending get some time to do so.
func (g *group) leave() ([]Left, error) {
	if err := g.limit(0); err != nil {
		return nil, err
	}
	left := g.left()
	for since := time.Duration(0); len(left) > 0 && since < grace; since += pause {
		time.Sleep(pause)
		left = g.left()
	}
	return left, nil
}

func (g *group) left() []Left {
	var out []Left
	for _, id := range g.members() {
		if started := startOf(id); !started.IsZero() {
			out = append(out, Left{id, started})
		}
	}
	return out
}

// processes is JOBOBJECT_BASIC_PROCESS_ID_LIST with room for as many processes
// as an installer may be expected to have.
type processes struct {
	assigned, listed uint32
	ids              [512]uintptr
}

const basicMembers = 3 // JobObjectBasicProcessIdList

// members lists the processes of the job, none when that cannot be told, so
// that nobody waits for them.
func (g *group) members() []uint32 {
	var m processes
	err := windows.QueryInformationJobObject(g.job, basicMembers,
		uintptr(unsafe.Pointer(&m)), uint32(unsafe.Sizeof(m)), nil)
	if err != nil {
		return nil
	}
	var out []uint32
	for _, id := range m.ids[:min(int(m.listed), len(m.ids))] {
		out = append(out, uint32(id))
	}
	return out
}

// alive reports whether a process of the job is left that does not stay.
func (g *group) alive(stays func(path string) bool) bool {
	for _, id := range g.members() {
		if stays == nil || !stays(imageOf(id)) {
			return true
		}
	}
	return false
}

// imageOf is the path of the file that a process runs from, "" when it ended
// meanwhile or cannot be asked.
func imageOf(id uint32) (image string) {
	ask(id, func(h windows.Handle) {
		path := make([]uint16, windows.MAX_LONG_PATH)
		size := uint32(len(path))
		if windows.QueryFullProcessImageName(h, 0, &path[0], &size) == nil {
			image = windows.UTF16ToString(path[:size])
		}
	})
	return image
}

// startOf is when a process started, zero when it ended meanwhile. Whoever has
// it open can still ask about one that ended.
func startOf(id uint32) (started time.Time) {
	ask(id, func(h windows.Handle) {
		var created, exited, kernel, user windows.Filetime
		var code uint32
		ended := windows.GetExitCodeProcess(h, &code) == nil && code != stillActive
		if !ended && windows.GetProcessTimes(h, &created, &exited, &kernel, &user) == nil {
			started = time.Unix(0, created.Nanoseconds())
		}
	})
	return started
}

const stillActive = 259 // STILL_ACTIVE, of a process that runs

// ask opens a process to ask about it, if it is still there.
func ask(id uint32, about func(h windows.Handle)) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, id)
	if err != nil {
		return
	}
	defer func() { _ = windows.CloseHandle(h) }()
	about(h)
}

// end ends every process of the job.
func (g *group) end() error { return windows.TerminateJobObject(g.job, 1) }

func (g *group) close() { _ = g.release() }

func (g *group) release() error {
	if g.job == 0 {
		return nil
	}
	job := g.job
	g.job = 0
	return windows.CloseHandle(job)
}

// code is the exit code, which Windows counts without a sign.
func code(cmd *exec.Cmd) int { return int(uint32(cmd.ProcessState.ExitCode())) }

// system returns the path of a program in the system directory.
func system(name string) (string, error) {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return "", err
	}
	return dir + `\` + strings.ReplaceAll(name, "/", `\`), nil
}
