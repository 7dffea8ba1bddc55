package plan

import "strings"

// Nearest returns the name of among that differs from name by the fewest
// changed, missing, added or swapped letters, the first of equals; a name of
// which the given one is the beginning, as 3.43 is of 3.43.02, is nearer than
// any other. It returns "" when each differs by more than two letters and by
// more than a third of the longer of the two.
func Nearest(name string, among []string) string {
	best, fewest := "", -1
	for _, candidate := range among {
		d := distance(name, candidate)
		near := d <= max(2, max(len(name), len(candidate))/3)
		if name != "" && strings.HasPrefix(candidate, name) {
			d, near = 0, true
		}
		if near && (fewest < 0 || d < fewest) {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance counts the edits between a and b: a letter changed, missing or
// added, or two neighbours swapped (optimal string alignment).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	var before []int // the row above last
	last := make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i, x := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j, y := range to {
			cost := last[j]
			if x != y {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x == to[j-1] && from[i-1] == y {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(to)]
}
