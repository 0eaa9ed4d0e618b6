package harness

import "fmt"

// Subject says what a call is about, such as a Scope: in words, and by the names and values of its
// parts, such as "module" and "ci".
type Subject interface {
	fmt.Stringer
	Facts() [][2]string
}
