package vpcd

import (
	"fmt"
	"os"
	"strings"
)

// Waiting reports whether vpcd waits for the card of a reader. It looks for the
// port in the table of the system that Wine runs on: to try it by connecting
// would be a card.
func Waiting(slot int) bool {
	table, err := os.ReadFile(`Z:\proc\net\tcp`)
	v6, _ := os.ReadFile(`Z:\proc\net\tcp6`) // there is none without IPv6
	return err == nil && strings.Contains(string(table)+string(v6), fmt.Sprintf(":%04X ", firstPort+slot))
}
