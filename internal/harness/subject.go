package harness

import (
	"fmt"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Subject says what a call is about, such as a Scope: in words, and by the names and values of its
// parts, such as "module" and "ci".
type Subject interface {
	fmt.Stringer
	Facts() text.Facts
}
