// Command dism stands in for dism.exe in the test bench, for one capability:
// WMIC. It answers /Get-CapabilityInfo, /Add-Capability and
// /Remove-Capability with /Online as the real one does, from a state in
// C:\Windows\Temp\dism.json that a script writes and that it keeps:
//
//	{"state": "absent", "wmic": "Z:\\programs\\wmic.exe"}
//
//	state   absent, installed or unknown (the build does not have the capability)
//	wmic    what /Add-Capability puts to System32\wbem\WMIC.exe
//	fail    code that every change ends with, for example "0x800f0954" or "87"
//	online  code that ends an addition without /Source, which then works with it
//	reboot  whether a change ends with 3010
//	pause   how long a change takes before it shows, in milliseconds
//	french  whether it speaks French, in the OEM code page, unless /English is given
//
// It ends with the code it prints, as the real one does.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// state is what the script and this program tell each other.
type state struct {
	State  string `json:"state"`
	WMIC   string `json:"wmic,omitempty"`
	Fail   string `json:"fail,omitempty"`
	Online string `json:"online,omitempty"`
	Reboot bool   `json:"reboot,omitempty"`
	Pause  int    `json:"pause,omitempty"`
	French bool   `json:"french,omitempty"`
}

// Exit statuses of DISM beside its error codes.
const (
	unknownName    = 87
	restartPending = 3010
)

// capability is the one name that is known.
const capability = "WMIC~~~~"

func main() {
	d := dism{out: os.Stdout, file: `C:\Windows\Temp\dism.json`, target: `C:\Windows\System32\wbem\WMIC.exe`}
	os.Exit(int(d.run(os.Args[1:])))
}

// dism is one run of the program.
type dism struct {
	out          io.Writer
	file, target string
	state        state
	english      bool
}

// run answers one command line. The status is unsigned, as Windows has it.
func (d *dism) run(args []string) uint32 {
	data, err := os.ReadFile(d.file)
	if err == nil {
		err = json.Unmarshal(data, &d.state)
	}
	if err != nil {
		_, _ = fmt.Fprintln(d.out, "the stand-in of dism has no state:", err)
		return 1
	}
	options := map[string]string{}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, ":")
		options[strings.ToLower(name)] = value
	}
	_, d.english = options["/english"]
	d.say("\r\nDeployment Image Servicing and Management tool\r\nVersion: 10.0.26100.1150\r\n\r\nImage Version: 10.0.26100.1742\r\n\r\n",
		"\r\nOutil Gestion et maintenance des images de d\u00e9ploiement\r\nVersion : 10.0.26100.1150\r\n\r\nVersion de l\u2019image : 10.0.26100.1742\r\n\r\n")
	if _, online := options["/online"]; !online || !strings.EqualFold(options["/capabilityname"], capability) || d.state.State == "unknown" {
		return d.fail(unknownName)
	}
	status, err := d.answer(options)
	if err != nil {
		_, _ = fmt.Fprintln(d.out, err)
		return 1
	}
	return status
}

// answer does what one of the three commands says.
func (d *dism) answer(options map[string]string) (uint32, error) {
	if _, asked := options["/get-capabilityinfo"]; asked {
		d.describe()
		return 0, nil
	}
	_, add := options["/add-capability"]
	_, remove := options["/remove-capability"]
	if !add && !remove {
		return d.fail(unknownName), nil
	}
	code := d.state.Fail
	if _, source := options["/source"]; code == "" && add && !source {
		code = d.state.Online
	}
	if code != "" {
		n, err := strconv.ParseUint(code, 0, 32)
		return d.fail(uint32(n)), err
	}
	if err := d.change(add); err != nil {
		return 0, err
	}
	d.say("[==========================100.0%==========================]\r\nThe operation completed successfully.\r\n",
		"[==========================100.0%==========================]\r\nL\u2019op\u00e9ration a r\u00e9ussi.\r\n")
	if d.state.Reboot {
		return restartPending, nil
	}
	return 0, nil
}

// describe says what /Get-CapabilityInfo says.
func (d *dism) describe() {
	english, french := "Not Present", "Absent"
	if d.state.State == "installed" {
		english, french = "Installed", "Install\u00e9"
	}
	d.say("Capability Information:\r\n\r\nCapability Identity : "+capability+"\r\nName : WMIC\r\nState : "+english+
		"\r\nDisplay Name : WMIC\r\nDownload Size : 1206478 bytes\r\nInstall Size : 3145728 bytes\r\n\r\nThe operation completed successfully.\r\n",
		"Informations sur la fonctionnalit\u00e9 :\r\n\r\nIdentit\u00e9 de la fonctionnalit\u00e9 : "+capability+"\r\nNom : WMIC\r\n\u00c9tat : "+french+
			"\r\nNom d\u2019affichage : WMIC\r\n\r\nL\u2019op\u00e9ration a r\u00e9ussi.\r\n")
}

// change puts the program there or takes it away, and remembers that.
func (d *dism) change(add bool) error {
	time.Sleep(time.Duration(d.state.Pause) * time.Millisecond)
	d.state.State = "absent"
	if add {
		d.state.State = "installed"
		program, err := os.ReadFile(d.state.WMIC)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(d.target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(d.target, program, 0o755); err != nil {
			return err
		}
	} else if err := os.Remove(d.target); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	data, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	return os.WriteFile(d.file, data, 0o600)
}

// fail says an error and returns its code.
func (d *dism) fail(code uint32) uint32 {
	text := fmt.Sprintf("%#x", code)
	english, french := "DISM failed. No operation was performed.", "\u00c9chec de DISM. Aucune op\u00e9ration n\u2019a \u00e9t\u00e9 effectu\u00e9e."
	if code == unknownName {
		text = "87"
		english, french = "A Windows capability name was not recognized.", "Un nom de fonctionnalit\u00e9 Windows n\u2019a pas \u00e9t\u00e9 reconnu."
	}
	d.say("Error: "+text+"\r\n\r\n"+english+"\r\n", "Erreur : "+text+"\r\n\r\n"+french+"\r\n")
	return code
}

// say prints in the language that was asked for; French in code page 850.
func (d *dism) say(english, french string) {
	if d.english || !d.state.French {
		_, _ = io.WriteString(d.out, english)
		return
	}
	oem := strings.NewReplacer("\u00e9", "\x82", "\u00c9", "\x90", "\u2019", "'")
	_, _ = io.WriteString(d.out, oem.Replace(french))
}
