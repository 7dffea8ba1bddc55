package reader

import (
	"slices"
	"strings"

	"github.com/releve-sante/releve/osdetect/quote"
)

// inventory is what the system says about the devices that are plugged in:
// those with a serial port, and those of the class of card readers.
type inventory struct {
	Hung    bool     `json:"hung,omitempty"`
	Error   string   `json:"error,omitempty"`
	Devices []device `json:"devices,omitempty"`
}

// device is one device, or one function of a device that has several.
type device struct {
	Class string `json:"class"`          // classPorts or classReaders
	ID    string `json:"id"`             // instance identifier, "USB\VID_0F14&PID_0038\…"
	Name  string `json:"name,omitempty"` // as the system shows it
	Port  string `json:"port,omitempty"` // "COM3"
}

const (
	classPorts   = "ports"
	classReaders = "readers"
)

// usb finds the devices that have a serial port and no slot. A reader is told
// by that, not by a list of models, since none is published: the maker only
// makes the guess a better one.
func (r *Readers) usb(in inventory) {
	if in.Hung || in.Error != "" {
		r.problem(CodeDevices, map[string]string{"Why": quote.Text(in.Error)})
		return
	}
	r.SerialKnown = len(in.Devices) <= mostDevices
	var withSlot []string
	for _, d := range in.Devices {
		if vendor, product, ok := usbNumbers(d.ID); ok && d.Class == classReaders {
			withSlot = append(withSlot, vendor+product)
		}
	}
	for _, d := range in.Devices {
		vendor, product, ok := usbNumbers(d.ID)
		if d.Class != classPorts || !ok || slices.Contains(withSlot, vendor+product) {
			continue // built into the machine, or a port beside the slots of a reader
		}
		r.Serial = append(r.Serial, Serial{
			Port: quote.Text(d.Port), Device: quote.Text(d.Name), Vendor: vendor, Product: product, Maker: maker(vendor, d.Name),
		})
	}
}

// usbNumbers reads vendor and product from an instance identifier. USB writes
// VID_0403&PID_6001, the drivers of some converters VID_0403+PID_6001.
func usbNumbers(id string) (vendor, product string, ok bool) {
	id = strings.ToUpper(id)
	return after(id, "VID_"), after(id, "PID_"), after(id, "VID_") != "" && after(id, "PID_") != ""
}

// after returns the four hexadecimal digits behind mark, or "".
func after(id, mark string) string {
	_, rest, found := strings.Cut(id, mark)
	if !found || len(rest) < 4 || strings.Trim(rest[:4], "0123456789ABCDEF") != "" {
		return ""
	}
	return rest[:4]
}

// maker returns who makes card readers under a USB vendor number or a name, or
// "". Sources: the list of readers of the CCID driver (libccid 1.5.2), usb.ids,
// and reports of the field for the names.
func maker(vendor, name string) string {
	switch vendor {
	case "0F14", "0B00":
		return "Ingenico"
	case "2947":
		return "Kapelse"
	case "356F":
		return "Sensyl"
	case "04E6":
		return "Identiv"
	case "08E6":
		return "Gemalto"
	case "076B":
		return "Omnikey"
	}
	upper := strings.ToUpper(name)
	for _, m := range []struct{ word, maker string }{
		{"INGENICO", "Ingenico"}, {"TELIUM", "Ingenico"}, {"XIRING", "Ingenico"}, {"OLAQIN", "Olaqin"},
		{"SESAM", "SESAM-Vitale"}, {"VITALE", "SESAM-Vitale"}, {"KAPELSE", "Kapelse"}, {"SENSYL", "Sensyl"},
	} {
		if strings.Contains(upper, m.word) {
			return m.maker
		}
	}
	return ""
}
