package pulls

import (
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

func TestOnHarnessCloud(t *testing.T) {
	t.Parallel()
	if len(cloudNames) != 15 {
		t.Errorf("%d names are redirected, want 15", len(cloudNames))
	}
	const digest = "@sha256:c5b1261d6d3e43071626931fc004f70149baeba2c8ec672bd4f27761f8e1ad6b"
	for pulled, want := range map[string]string{
		"harness/drone-git:1.6.9":          "us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9",
		"plugins/s3":                       "us-docker.pkg.dev/gar-prod-setup/harness-public/plugins/s3",
		"harness/drone-git" + digest:       "harness/drone-git" + digest,
		"harness/drone-git:1.6.9" + digest: "harness/drone-git:1.6.9" + digest,
		"plugins/buildx:1.3.3":             "plugins/buildx:1.3.3",
		"r.example.com/plugins/s3:1":       "r.example.com/plugins/s3:1",
		"r.example.com:5000/plugins/s3:1":  "r.example.com:5000/plugins/s3:1",
	} {
		if got := OnHarnessCloud(pulled, true); got != want {
			t.Errorf("%s: %s, want %s", pulled, got, want)
		}
		if got := OnHarnessCloud(pulled, false); got != pulled {
			t.Errorf("%s with a login: %s", pulled, got)
		}
		leaves := pulled != "harness/drone-git:1.6.9" && len(pulled) > len(digest) && pulled[:len("harness/drone-git")] == "harness/drone-git"
		if got := LeavesHarnessCloud(pulled, true); got != leaves || LeavesHarnessCloud(pulled, false) {
			t.Errorf("%s leaves Harness Cloud's registry: %v", pulled, got)
		}
	}
}

func TestDeadOverrides(t *testing.T) {
	t.Parallel()
	k8, vm := harness.Scope{Module: harness.CI, Infra: harness.K8}, harness.Scope{Module: harness.CI, Infra: harness.VM}
	for _, test := range []struct {
		scope         harness.Scope
		field, pinned string
		want          Dead
	}{
		{k8, "iacmTerraform", "", Dead{Module: harness.IaCM, Source: foreignSource}},
		{vm, "IACMTerraformTag", "", Dead{Module: harness.IaCM, Source: foreignSource}},
		{k8, "slackNotify", "", Dead{Module: harness.IDP, Source: foreignSource}},
		{harness.Scope{Module: harness.IaCM, Infra: harness.K8}, "iacmTerraform", "", Dead{}},
		{harness.Scope{Module: harness.DBOps}, "gitCloneTag", "", Dead{}},
		{k8, "buildAndPushECRTag", "", Dead{Instead: "buildAndPushBuildxECRTag", Source: buildxSource}},
		{k8, "buildAndPushECRTag", "buildAndPushBuildxECRTag", Dead{}},
		{k8, "buildAndPushBuildxECRTag", "", Dead{}},
		{k8, "gitCloneTag", "", Dead{}},
		{vm, "gitCloneTag", "", Dead{Container: true, Source: vmSource}},
		{vm, "securityTag", "", Dead{}},
	} {
		got, dead := DeadOverride(test.scope, test.field, func(field string) bool { return field == test.pinned })
		if got != test.want || dead != (test.want != Dead{}) {
			t.Errorf("%s/%s: %+v, %v", test.scope, test.field, got, dead)
		}
	}
}

func TestOwn(t *testing.T) {
	t.Parallel()
	images := map[string]string{"gitCloneTag": "a:1", "iacmOpenTofu": "a:2", "createRepo": "a:3", "slsaVerificationTag": "a:4"}
	for scope, want := range map[harness.Scope]int{
		{Module: harness.CI, Infra: harness.K8}: 2, {Module: harness.CI, Infra: harness.VM}: 1,
		{Module: harness.IaCM, Infra: harness.K8}: 4, {Module: harness.DBOps}: 4,
	} {
		if own := Own(scope, images); len(own) != want || own["gitCloneTag"] != "a:1" {
			t.Errorf("%s: %v", scope, own)
		}
	}
}

func TestOwnedByHarness(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]bool{
		"harness/ci-addon:1": true, "plugins/kaniko:1": false, "harnesssecure/kaniko:1": true,
		"r.example.com/m/harnesssecure/ci-addon:1": true, "acme/ci-addon:1": false, "ci-addon:1": false, "r.example.com/ci-addon:1": false,
	} {
		image, err := imageref.Parse(ref)
		if err != nil || OwnedByHarness(image) != want {
			t.Errorf("%s: %v, %v", ref, OwnedByHarness(image), err)
		}
	}
}
