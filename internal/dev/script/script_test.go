//go:build unix

package script_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

var _ clitest.TB = (*script.T)(nil)

func TestWhatWasSetUpIsTakenDownWhateverHappens(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(*script.T)
		exit int
	}{
		"it succeeds": {func(*script.T) {}, 0},
		"it fails":    {func(t *script.T) { t.Fatalf("no %s", "use") }, 1},
		"it is interrupted": {func(s *script.T) {
			if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-s.Context().Done()
			s.Helper()
			t.Error("it goes on")
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var dir string
			var order []int
			exit := script.Run("test", func(s *script.T) {
				s.Cleanup(func() { order = append(order, 1) })
				dir = s.TempDir()
				s.Cleanup(func() { order = append(order, 2) })
				tt.do(s)
			})
			if exit != tt.exit {
				t.Errorf("exit code %d, want %d", exit, tt.exit)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the folder is left: %v", err)
			}
			if len(order) != 2 || order[0] != 2 {
				t.Errorf("taken down in order %v, want the last first", order)
			}
		})
	}
}
