package delta

// The readings of a word of data.
const (
	same     = iota // a number
	relative        // an address
	fromText        // an address, counted from the first code
	fromHere        // counted from the section of the word
	fromSelf        // counted from the word
	asLast          // a number that changed as much as the word before
	asBefore        // or as the one before that
	pointer         // an address with the base, in the size of a pointer
	readings
	unread = readings // none of them was right

	histories = (readings + 1) * (readings + 1) * (readings + 1)

	// small numbers are no references, whatever they would point to.
	small = 4096
)

// words learns how the words of tables are to be read: from which readings were
// right after the same three before.
type words struct {
	history int
	score   [histories][readings]int8
	changed [2]uint32 // how much the last two words did
	text    [2]uint32 // where code begins in the old and the new image
}

func newWords(old, new *image) words {
	w := words{text: [2]uint32{old.text(), new.text()}}
	for i := range w.score {
		for r := relative; r < pointer; r++ {
			w.score[i][r] = -1
		}
	}
	return w
}

// A word is what the readings make of one word of the old image.
type word struct {
	was     uint32
	now     uint32 // by the best reading
	best    int
	valid   uint32 // a bit for each reading
	targets [readings]uint32
	bases   [readings]uint32 // what the new target is counted from
}

// firstWord returns where in a part with data the words begin; its end where
// they are not aligned in the same way in both images.
func (p *part) firstWord() int {
	if (p.old-p.new)%4 != 0 {
		return p.length
	}
	return min(p.length, int(-p.old&3))
}

// read reads the word at i of o.
func (p *predictor) read(w *word, o []byte, i int, in *part) {
	w.was = le.Uint32(o[i:])
	w.now, w.best, w.valid = w.was, same, 0
	if isSmall(w.was) {
		return
	}
	at, now := in.old+uint32(i), in.new+uint32(i)
	p.consider(w, relative, w.was, 0)
	p.consider(w, fromText, w.was+p.words.text[0], p.words.text[1])
	p.consider(w, fromHere, w.was+in.oldStart, in.newStart)
	p.consider(w, fromSelf, w.was+at, now)
	if size := p.old.pointerSize(); at&uint32(size-1) == 0 && i+size <= len(o) {
		if target, ok := p.old.pointer(o[i:]); ok {
			p.consider(w, pointer, target, -uint32(p.new.base))
		}
	}
	for k, by := range p.words.changed {
		if by != 0 {
			w.valid |= 1 << (asLast + k)
		}
	}
	if w.valid == 0 {
		return
	}
	w.valid |= 1 << same
	score := &p.words.score[p.words.history]
	for r := relative; r < readings; r++ {
		if w.valid>>r&1 == 1 && (score[r] > score[w.best] || r == pointer && score[r] == score[w.best]) {
			w.best = r
		}
	}
	w.now = p.guessed(w, w.best)
}

// consider takes in a reading that makes the word point to an old address; the
// new word counts from base.
func (p *predictor) consider(w *word, reading int, target, base uint32) {
	if p.old.at(target) != nil {
		w.valid |= 1 << reading
		w.targets[reading], w.bases[reading] = target, base
	}
}

// guessed returns what the word is now by a reading.
func (p *predictor) guessed(w *word, reading int) uint32 {
	switch reading {
	case same:
		return w.was
	case asLast, asBefore:
		return w.was + p.words.changed[reading-asLast]
	}
	return p.target(w.targets[reading]) - w.bases[reading]
}

// settleWord tells the predictor what the word is now. The other readings are
// looked at only where the best was wrong.
func (p *predictor) settleWord(w *word, now uint32) {
	right := w.best
	score := &p.words.score[p.words.history]
	switch {
	case w.valid == 0:
	case w.now == now:
		score[right] = min(score[right]+1, 20)
	default:
		right = unread
		for r := range readings {
			switch {
			case w.valid>>r&1 == 0:
			case r != w.best && p.guessed(w, r) == now:
				right = min(right, r)
				score[r] = min(score[r]+1, 20)
			default:
				score[r] = max(score[r]-2, -21)
			}
		}
	}
	p.words.follow(right, now-w.was)
}

// follow notes which reading of a word was right, and how much it changed.
func (w *words) follow(right int, changed uint32) {
	w.history = (w.history*(readings+1) + right) % histories
	w.changed[1], w.changed[0] = w.changed[0], changed
}

// isSmall reports whether a word has no reading but a number.
func isSmall(was uint32) bool { return was+small <= 2*small }
