// Command galss stands in for the server of GALSS, galsvw64.exe, in the test
// bench. It starts as the real one is reported to, and refuses in the same
// cases:
//
//   - with a serial channel in galss.ini it asks WMIC, found through PATH,
//     whether another instance runs, and does not start when that fails or when
//     there is another;
//   - each PC/SC channel must name a reader that is there.
//
// It says ready and goes on until it is ended, or says why not and ends with
// status 1; both lines are in galss.log beside it too.
//
// That it asks nobody when all channels are PC/SC is an assumption. It lets a
// story show that moving to PC/SC is a remedy by itself; a real GALSS may ask
// in every case, and with -ask so does this one. That it wants to find itself in
// the answer is an assumption as well.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

// system is what the server asks of Windows.
type system interface {
	// instances asks WMIC for the command lines of the servers that run.
	instances(ctx context.Context) ([]string, error)
	// readers returns the names of the PC/SC readers.
	readers() ([]string, error)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ask := flag.Bool("ask", false, "ask WMIC with PC/SC channels too")
	flag.Parse()
	err := start(ctx, `C:\Windows\galss.ini`, *ask, windows{})
	said := "ready"
	if err != nil {
		said = err.Error()
	}
	fmt.Println(said)
	if program, pathErr := os.Executable(); pathErr == nil {
		_ = os.WriteFile(filepath.Join(filepath.Dir(program), "galss.log"), []byte(said+"\r\n"), 0o600)
	}
	if err != nil {
		os.Exit(1)
	}
	<-ctx.Done()
}

// start checks what the real server checks before it serves.
func start(ctx context.Context, settings string, ask bool, s system) error {
	data, err := os.ReadFile(settings)
	if err != nil {
		return fmt.Errorf("error 32769: %w", err)
	}
	channels := parse(string(data))
	if len(channels) == 0 {
		return errors.New("error 32771: galss.ini has no channel")
	}
	serial := slices.ContainsFunc(channels, func(c channel) bool { return c.kind == serialChannel })
	if serial || ask {
		if err := alone(ctx, s); err != nil {
			return err
		}
	}
	for i, c := range channels {
		switch c.kind {
		case serialChannel:
		case cardChannel:
			if err := there(s, c); err != nil {
				return fmt.Errorf("channel %d: %w", i+1, err)
			}
		default:
			return fmt.Errorf("error 32780: channel %d has the type %q", i+1, c.kind)
		}
	}
	return nil
}

// alone requires that WMIC answers, and knows of this server only.
func alone(ctx context.Context, s system) error {
	running, err := s.instances(ctx)
	if err != nil {
		return fmt.Errorf("asking whether GALSS runs already: %w", err)
	}
	if len(running) != 1 {
		return fmt.Errorf("WMIC names %d instances of GALSS instead of this one: %q", len(running), running)
	}
	return nil
}

// there requires the reader of a PC/SC channel.
func there(s system, c channel) error {
	names, err := s.readers()
	if err != nil {
		return fmt.Errorf("error 1024: listing the readers: %w", err)
	}
	if !slices.Contains(names, c.features) {
		return fmt.Errorf("error 32780: no reader is called %q; there are: %q", c.features, names)
	}
	return nil
}

// Types of channels, TCanal.
const (
	serialChannel = "1"
	cardChannel   = "3"
)

// A channel is what the server needs of [CANALn].
type channel struct{ kind, features string }

// parse reads the channels that NbCanaux counts.
func parse(text string) []channel {
	values := map[string]string{}
	section := ""
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.ToUpper(strings.Trim(line, "[]"))
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, ";") {
			values[section+"/"+strings.ToUpper(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	var channels []channel
	for n := 1; n <= 9; n++ {
		name := fmt.Sprintf("CANAL%d/", n)
		if values["CONFIG/NBCANAUX"] < fmt.Sprint(n) {
			break
		}
		channels = append(channels, channel{values[name+"TCANAL"], values[name+"CARACTERISTIQUES"]})
	}
	return channels
}
