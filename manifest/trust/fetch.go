package trust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"
)

const unknownLength = -1

// wanted is a file of the repository and what is known about it beforehand.
type wanted struct {
	role   string
	file   string
	limit  int64 // most bytes it may have
	length int64 // bytes announced by signed metadata, or unknownLength
	opaque bool  // a web page is as good as anything
}

// opener opens the file that is wanted.
type opener func(ctx context.Context) (body io.ReadCloser, start int64, err error)

// fetch reads one file of remote whole. The error wraps fs.ErrNotExist when,
// and only when, the remote says that there is none.
func (c *Client) fetch(ctx context.Context, remote Remote, w wanted) ([]byte, error) {
	return c.fetchFrom(ctx, w, func(ctx context.Context) (io.ReadCloser, int64, error) {
		return remote.Open(ctx, w.file, 0)
	})
}

func (c *Client) fetchFrom(ctx context.Context, w wanted, open opener) ([]byte, error) {
	limit := w.limit
	if w.length != unknownLength {
		if w.length > limit {
			return nil, w.sized(CodeOversized, limit, w.length)
		}
		limit = w.length
	}
	patience := c.config.Patience + time.Duration(max(w.length, 0)/(32<<10))*time.Second
	inner, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	data, err := w.read(inner, limit, open)
	if err == nil {
		return data, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if inner.Err() != nil {
		return nil, &Error{
			Reason: CodeStalled, Role: w.role, File: w.file,
			Expected: "complete within " + patience.String(), Cause: err,
		}
	}
	return nil, err
}

func (w wanted) read(ctx context.Context, limit int64, open opener) (data []byte, err error) {
	body, start, err := open(ctx)
	if err != nil {
		return nil, w.failed(CodeUnreachable, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if start != 0 {
		return nil, w.failed(CodeStatus, fmt.Errorf("the answer begins at byte %d", start))
	}
	// One byte more than allowed shows that there is more.
	data, err = readAll(ctx, io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		return nil, w.failed(CodeCut, err)
	case !w.opaque && looksLikeHTML(data):
		return nil, &Error{Reason: CodeNotJSON, Role: w.role, File: w.file, Expected: "JSON", Found: "HTML"}
	case int64(len(data)) > limit:
		return nil, &Error{
			Reason: CodeOversized, Role: w.role, File: w.file,
			Expected: strconv.FormatInt(limit, 10), // and what more there is stays unread
		}
	case w.length != unknownLength && int64(len(data)) < w.length:
		return nil, w.sized(CodeTruncated, w.length, int64(len(data)))
	}
	return data, nil
}

// readAll is io.ReadAll that gives up between two reads once ctx is done.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	var data []byte
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		data = append(data, buffer[:n]...)
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// failed names role and file in an error of the remote, and gives it reason
// unless it already has one.
func (w wanted) failed(reason string, err error) error {
	var known *Error
	if errors.Is(err, fs.ErrNotExist) && !(errors.As(err, &known) && known.Reason == CodeNotBundled) {
		return &Error{Reason: CodeNotFound, Role: w.role, File: w.file, Cause: err}
	}
	if errors.Is(err, ErrUnchanged) {
		return err
	}
	if errors.As(err, &known) {
		named := *known
		named.Role = w.role
		if named.File == "" {
			named.File = w.file
		}
		return &named
	}
	return &Error{Reason: reason, Role: w.role, File: w.file, Cause: err}
}

func (w wanted) sized(reason string, expected, found int64) error {
	return &Error{
		Reason: reason, Role: w.role, File: w.file,
		Expected: strconv.FormatInt(expected, 10), Found: strconv.FormatInt(found, 10),
	}
}

// withheld turns "no such file" into what it means for a file that signed
// metadata announces: the mirror is incomplete, or hides it.
func withheld(err error) error {
	var e *Error
	if errors.As(err, &e) && errors.Is(err, fs.ErrNotExist) {
		e.Reason = CodeMissingRole
	}
	return err
}
