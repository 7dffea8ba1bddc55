package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/reader"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// cardReaders lists the readers of this machine, or of whoever sits before it.
func (a *app) cardReaders(ctx context.Context) reader.Readers {
	return a.readers(ctx, readerOptions(osdetect.Session()))
}

// readerOptions says whose readers those are, for a session.kind: Windows shows
// a remote session the readers of the machine the person sits at.
func readerOptions(session any) reader.Options { return reader.Options{Remote: session == "remote"} }

func (a *app) readersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "readers", Args: takes(0, 0),
		Annotations: map[string]string{annotationAbout: "help-about-readers"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := a.cardReaders(cmd.Context())
			var err error
			if a.flags.json {
				err = jsonl.Value(a.out, "readers", r)
			} else {
				err = line.Readers(a.out, a.text, readersView(r))
			}
			if answered := r.Service == reader.Running || r.Service == reader.Stopped; err == nil && !answered {
				return statusError(exitFailed)
			}
			return err
		},
	}
}

// readersView is what of the readers a person is shown.
func readersView(r reader.Readers) line.CardReaders {
	v := line.CardReaders{Known: r.Known()}
	for _, s := range r.Slots {
		v.Slots = append(v.Slots, line.CardSlot{
			Name: s.Name, State: string(s.State), Card: string(s.Card), Use: string(s.Use),
			Contactless: s.Contactless, ATR: s.ATR.String(),
		})
	}
	for _, s := range r.Serial {
		v.Serial = append(v.Serial, line.SerialDevice{Port: s.Port, Name: s.Device, USB: s.Vendor + ":" + s.Product, Maker: s.Maker})
	}
	for _, p := range r.Problems {
		v.Problems = append(v.Problems, p)
	}
	return v
}
