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
	pointer         // an address with the base, in eight bytes
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
	valid   [readings]bool
	guesses [readings]uint32
	any     bool
	best    int
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
	w.best, w.any = same, false
	if w.was+small <= 2*small {
		return
	}
	w.valid = [readings]bool{same: true}
	w.guesses[same] = w.was
	at, now := in.old+uint32(i), in.new+uint32(i)
	p.consider(w, relative, w.was, 0)
	p.consider(w, fromText, w.was+p.words.text[0], p.words.text[1])
	p.consider(w, fromHere, w.was+in.oldStart, in.newStart)
	p.consider(w, fromSelf, w.was+at, now)
	if at%8 == 0 && i+8 <= len(o) {
		if q := le.Uint64(o[i:]) - p.old.base; q < maxAddress {
			p.consider(w, pointer, uint32(q), -uint32(p.new.base))
		}
	}
	for k, by := range p.words.changed {
		if by != 0 {
			w.valid[asLast+k], w.guesses[asLast+k], w.any = true, w.was+by, true
		}
	}
	if !w.any {
		return
	}
	score := &p.words.score[p.words.history]
	for r := relative; r < readings; r++ {
		if w.valid[r] && (score[r] > score[w.best] || r == pointer && score[r] == score[w.best]) {
			w.best = r
		}
	}
}

// consider takes in a reading that makes the word point to an old address; the
// new word counts from base.
func (p *predictor) consider(w *word, reading int, target, base uint32) {
	if p.old.at(target) != nil {
		w.valid[reading], w.guesses[reading], w.any = true, p.target(target)-base, true
	}
}

// settleWord tells the predictor what the word is now.
func (p *predictor) settleWord(w *word, now uint32) {
	right := same
	if w.any {
		right = unread
		score := &p.words.score[p.words.history]
		for r := range readings {
			switch {
			case !w.valid[r]:
			case w.guesses[r] == now:
				if right == unread {
					right = r
				}
				score[r] = min(score[r]+1, 20)
			default:
				score[r] = max(score[r]-2, -21)
			}
		}
		if w.guesses[w.best] == now {
			right = w.best
		}
	}
	p.words.history = (p.words.history*(readings+1) + right) % histories
	p.words.changed[1], p.words.changed[0] = p.words.changed[0], now-w.was
}
