package text

import (
	"encoding/json"
	"io/fs"
	"maps"
	"strings"
	"sync"
)

// lexicon holds the texts of one language. Most commands say one or two
// sentences, so an area is read when it is spoken of: to read all of them
// takes longer than a check that finds nothing new.
type lexicon struct {
	lang  string
	files fs.FS // locales

	mu    sync.Mutex
	areas map[string]map[string]sentence // read so far
}

func newLexicon(lang string) *lexicon {
	return &lexicon{lang: lang, files: locales(), areas: map[string]map[string]sentence{}}
}

// find gives a text. Nearly every id begins with the name of its area; the
// others are looked for in all of them.
func (c *lexicon) find(id string) (sentence, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	area, _, _ := strings.Cut(id, "-")
	if s, ok := c.area(area)[id]; ok {
		return s, true
	}
	s, ok := c.all()[id]
	return s, ok
}

// area reads the texts of one area, none when there is no such area. They are
// embedded and tested, so an error here means a damaged program; it then
// speaks in codes.
func (c *lexicon) area(name string) map[string]sentence {
	if texts, done := c.areas[name]; done {
		return texts
	}
	texts := map[string]sentence{}
	file := name + "." + c.lang + ".json"
	data, err := fs.ReadFile(c.files, "locales/"+file)
	if err != nil {
		data, err = more.ReadFile("locales/more/" + file)
	}
	if err == nil && json.Unmarshal(data, &texts) != nil {
		texts = nil
	}
	c.areas[name] = texts
	return texts
}

// all reads every area.
func (c *lexicon) all() map[string]sentence {
	all := map[string]sentence{}
	files, err := fs.ReadDir(c.files, "locales")
	if err != nil {
		return nil
	}
	others, err := more.ReadDir("locales/more")
	if err == nil {
		files = append(files, others...)
	}
	for _, f := range files {
		if area, ours := strings.CutSuffix(f.Name(), "."+c.lang+".json"); ours {
			maps.Copy(all, c.area(area))
		}
	}
	return all
}
