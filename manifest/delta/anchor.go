package delta

import "math/bits"

const (
	anchorLength = 32
	anchorStep   = 8
	factor       = 0x9E3779B97F4A7C15
)

// An anchor is a range that both files have, but for a few bytes.
type anchor struct{ from, at, length int }

// anchors finds ranges that both files have, fast and roughly: exact matches of
// anchorLength bytes, grown over differences.
func anchors(old, new []byte) []anchor {
	if len(old) < anchorLength || len(new) < anchorLength {
		return nil
	}
	size := bits.Len(uint(len(old) / anchorStep))
	table := make([]int32, 1<<size)
	shift := 64 - size
	out := uint64(1)
	for range anchorLength {
		out *= factor
	}
	h := uint64(0)
	for i, b := range old {
		h = h*factor + uint64(b) + 1
		if i >= anchorLength {
			h -= out * (uint64(old[i-anchorLength]) + 1)
		}
		if start := i + 1 - anchorLength; start >= 0 && start%anchorStep == 0 {
			table[h*factor>>shift] = int32(start + 1)
		}
	}
	var found []anchor
	end := 0
	h = 0
	have := 0
	for i := 0; i < len(new); i++ {
		h = h*factor + uint64(new[i]) + 1
		if have == anchorLength {
			h -= out * (uint64(new[i-anchorLength]) + 1)
		} else {
			have++
		}
		if have < anchorLength {
			continue
		}
		start := i + 1 - anchorLength
		from := int(table[h*factor>>shift]) - 1
		if from < 0 || common(old[from:], new[start:]) < anchorLength {
			continue
		}
		for start > end && from > 0 && old[from-1] == new[start-1] {
			start, from = start-1, from-1
		}
		n := reach(old[from:], new[start:])
		found = append(found, anchor{from, start, n})
		end = start + n
		i, h, have = end-1, 0, 0
	}
	return found
}

// reach returns how far a and b are alike, differences included.
func reach(a, b []byte) int {
	n := min(len(a), len(b))
	score, best, length := 0, 0, 0
	for i := 0; i < n && score > best-32; i++ {
		if a[i] == b[i] {
			score++
			if score > best {
				best, length = score, i+1
			}
		} else {
			score -= 2
		}
	}
	return length
}
