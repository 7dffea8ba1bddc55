package proxy

import (
	"fmt"
	"net"
	"strconv"

	"github.com/micromdm/plist"
)

// preferences is what preferences.plist of macOS's SystemConfiguration says
// about proxies (Apple, SCSchemaDefinitions.h; man scselect).
type preferences struct {
	CurrentSet string             `plist:"CurrentSet"` // "/Sets/<identifier>"
	Sets       map[string]place   `plist:"Sets"`
	Services   map[string]service `plist:"NetworkServices"`
}

// place is what people see as a location in the network settings.
type place struct {
	Network struct {
		Global struct {
			IPv4 struct {
				ServiceOrder []string `plist:"ServiceOrder"`
			} `plist:"IPv4"`
		} `plist:"Global"`
	} `plist:"Network"`
}

// service is one way into the network: Ethernet, Wi-Fi.
type service struct {
	Inactive  any `plist:"__INACTIVE__"`
	Interface struct {
		Device string `plist:"DeviceName"`
	} `plist:"Interface"`
	Proxies struct {
		HTTPEnable  int      `plist:"HTTPEnable"`
		HTTPProxy   string   `plist:"HTTPProxy"`
		HTTPPort    int      `plist:"HTTPPort"`
		HTTPSEnable int      `plist:"HTTPSEnable"`
		HTTPSProxy  string   `plist:"HTTPSProxy"`
		HTTPSPort   int      `plist:"HTTPSPort"`
		Exceptions  []string `plist:"ExceptionsList"`
		NoSimple    int      `plist:"ExcludeSimpleHostnames"`
	} `plist:"Proxies"`
}

// parsePreferences gives the proxies of the first service, in the order of the
// current location, whose device is up: the one macOS sends requests through.
// Scripts (PAC) would need an interpreter of JavaScript and are not followed.
func parsePreferences(data []byte, up func(device string) bool) (Rules, error) {
	var p preferences
	if err := plist.Unmarshal(data, &p); err != nil {
		return Rules{}, fmt.Errorf("reading the network preferences: %w", err)
	}
	const sets = "/Sets/"
	if len(p.CurrentSet) <= len(sets) {
		return Rules{}, nil
	}
	for _, id := range p.Sets[p.CurrentSet[len(sets):]].Network.Global.IPv4.ServiceOrder {
		s, known := p.Services[id]
		if !known || s.Inactive != nil || !up(s.Interface.Device) {
			continue
		}
		return s.rules(), nil
	}
	return Rules{}, nil
}

func (s service) rules() Rules {
	p := s.Proxies
	r := Rules{Bypass: p.Exceptions, BypassPlain: p.NoSimple != 0}
	if p.HTTPEnable != 0 && p.HTTPProxy != "" {
		r.HTTP = net.JoinHostPort(p.HTTPProxy, strconv.Itoa(p.HTTPPort))
	}
	if p.HTTPSEnable != 0 && p.HTTPSProxy != "" {
		r.HTTPS = net.JoinHostPort(p.HTTPSProxy, strconv.Itoa(p.HTTPSPort))
	}
	return r
}
