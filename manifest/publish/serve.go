package publish

import (
	"net/http"
	"os"
	"path"
	"strings"
)

// Handler serves the repository in dir, for trying; any static server does
// the same. Metadata must be asked for again each time; everything whose name
// holds a digest or a version may be kept for ever. Names that begin with a
// dot, which are files being written, are hidden.
func Handler(dir string) (http.Handler, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &Error{Reason: CodeNoRepository, Name: dir, Cause: err}
	}
	static := http.FileServerFS(root.FS())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := path.Base(r.URL.Path)
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		case strings.HasSuffix(r.URL.Path, "/"), strings.HasPrefix(base, "."):
			http.NotFound(w, r)
			return
		case base == "timestamp.json":
			w.Header().Set("Cache-Control", "no-cache")
		default:
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		static.ServeHTTP(w, r)
	}), nil
}
