package text

import (
	"regexp"
	"sync"
)

// Regexp compiles an expression on first use: a CLI starts a provider several times for one plan, and most
// of these processes match nothing.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
