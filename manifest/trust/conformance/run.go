package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/trust"
)

// maxRoot is the largest root.json that init takes, in bytes.
const maxRoot = 512 << 10

// options is the command line.
type options struct {
	metadataDir, metadataURL string
	targetDir, targetURL     string
	targets                  []string
	command                  []string
}

// run does what args say and gives the exit status: 0 when all of it
// succeeded, 1 otherwise.
func run(ctx context.Context, args []string, now func(context.Context) (time.Time, error), stderr io.Writer) int {
	if err := do(ctx, args, now, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func do(ctx context.Context, args []string, now func(context.Context) (time.Time, error), stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	files, err := open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.close()) }()
	if o.command[0] == "init" {
		return start(files, o.command[1])
	}
	at, err := now(ctx)
	if err != nil {
		return err
	}
	client, err := o.client(files, func() time.Time { return at })
	if err != nil {
		return err
	}
	if err := client.Refresh(ctx); err != nil {
		return err
	}
	for _, name := range o.targets {
		if _, err := client.Authenticated(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("conformance", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.metadataDir, "metadata-dir", "", "folder for `METADATA` that is trusted")
	f.StringVar(&o.metadataURL, "metadata-url", "", "`URL` of the metadata")
	f.StringVar(&o.targetDir, "target-dir", "", "folder for `TARGETS`")
	f.StringVar(&o.targetURL, "target-base-url", "", "`URL` of the targets")
	f.Func("target-name", "target to download; may be repeated", func(name string) error {
		o.targets = append(o.targets, name)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.command = f.Args()
	switch strings.Join(o.command[:min(1, len(o.command))], "") {
	case "init":
		if len(o.command) != 2 {
			return o, errors.New("init: want one file, the trusted root")
		}
	case "refresh":
		o.targets = nil
	case "download":
		if len(o.targets) == 0 || o.targetDir == "" || o.targetURL == "" {
			return o, errors.New("download: want --target-name, --target-dir and --target-base-url")
		}
	default:
		return o, fmt.Errorf("command %q: want init, refresh or download", o.command)
	}
	if o.metadataDir == "" {
		return o, errors.New("want --metadata-dir")
	}
	return o, nil
}

// start keeps the root that everything begins with.
func start(files *layout, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	root, err := io.ReadAll(io.LimitReader(f, maxRoot))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	// Nothing expires at the zero time: an old root leads to newer ones.
	never := func() time.Time { return time.Time{} }
	if _, err := trust.New(trust.Config{Root: root, Cache: files, Now: never, Rules: trust.Specification}); err != nil {
		return err
	}
	return errors.Join(
		durable.WriteFile(files.metadata, trustedRoot, root, 0o600),
		durable.WriteFile(files.metadata, "root.json", root, 0o600),
	)
}

// client makes the trust client of releve, over the files of the suite.
func (o options) client(files *layout, now func() time.Time) (*trust.Client, error) {
	root, err := durable.ReadFile(files.metadata, trustedRoot, maxRoot)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root, which init keeps: %w", err)
	}
	remote := split{}
	if remote.metadata, err = trust.NewHTTP(o.metadataURL); err != nil {
		return nil, err
	}
	if o.targetURL != "" {
		if remote.targets, err = trust.NewHTTP(o.targetURL); err != nil {
			return nil, err
		}
	}
	return trust.New(trust.Config{
		Root: root, Remote: remote, Cache: files, Now: now, Rules: trust.Specification,
	})
}

// split is a repository whose metadata and targets have an address each.
type split struct{ metadata, targets trust.Remote }

// Open implements trust.Remote.
func (s split) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	if file, ok := strings.CutPrefix(name, "targets/"); ok {
		return s.targets.Open(ctx, file, offset)
	}
	return s.metadata.Open(ctx, strings.TrimPrefix(name, "metadata/"), offset)
}
