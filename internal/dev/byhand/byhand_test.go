package byhand_test

import (
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/byhand"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestEveryWayStoresWhatDoesNotOverlap(t *testing.T) {
	t.Parallel()
	server := fakeharness.Start(t, fakeharness.Options{})
	wanted := byhand.Images{
		"ci/K8": {"gitCloneTag": "example.com/git:1", "addonTag": "example.com/addon:1"},
		"ci/VM": {"gitCloneTag": "example.com/git:2"},
	}
	if err := byhand.EachAlone(t.Context(), server, wanted, 1); err != nil {
		t.Fatal(err)
	}
	if stored, requests := wanted.Stored(server), server.Count(""); stored != 3 || requests != 6 {
		t.Errorf("each alone: %d stored with %d requests, want 3 with 6", stored, requests)
	}
	server.ResetLog()
	wanted["ci/K8"]["gitCloneTag"] = "example.com/git:3"
	if got := wanted.Stored(server); got != 2 {
		t.Errorf("counts %d as stored, want the 2 that are held as wanted", got)
	}
	if err := byhand.Together(t.Context(), server, wanted); err != nil {
		t.Fatal(err)
	}
	if stored, requests := wanted.Stored(server), server.Count(""); stored != 3 || requests != 2 {
		t.Errorf("together: %d stored with %d requests, want 3 with 2", stored, requests)
	}
}

func TestARefusalIsAnError(t *testing.T) {
	t.Parallel()
	server := fakeharness.Start(t, fakeharness.Options{})
	server.Inject(fakeharness.Fault{Status: 403})
	if err := byhand.Together(t.Context(), server, byhand.Images{"ci/K8": {"gitCloneTag": "a:1"}}); err == nil {
		t.Error("no error")
	}
}
