package plan

// Nearest returns the name among names that takes the fewest changed, missing
// or added letters to become name, the first of equals; "" when more than a
// third of its letters, and more than two, would have to change.
func Nearest(name string, among []string) string {
	best, fewest := "", max(2, len([]rune(name))/3)+1
	for _, candidate := range among {
		if d := distance(name, candidate); d < fewest {
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
