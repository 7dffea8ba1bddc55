package plan

// Nearest returns the name of among that differs from name by the fewest
// changed, missing or added letters, the first of equals. It returns "" when
// each differs by more than two letters and by more than a third of the longer
// of the two.
func Nearest(name string, among []string) string {
	best, fewest := "", -1
	for _, candidate := range among {
		d := distance(name, candidate)
		near := d <= max(2, max(len(name), len(candidate))/3)
		if near && (fewest < 0 || d < fewest) {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance counts the single-letter edits between a and b (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
