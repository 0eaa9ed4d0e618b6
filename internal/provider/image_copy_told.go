package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// copyProgress writes to Terraform's log how far a copy is.
func copyProgress(ctx context.Context, destination string) func(registry.Progress) {
	return func(p registry.Progress) {
		tflog.Info(ctx, "Copying an image", map[string]any{
			"destination": destination, "sent_bytes": p.Sent, "total_bytes": p.Total, "bytes_per_second": rate(p.Sent, p.Took),
		})
	}
}

// logCopied writes to Terraform's log what a copy took.
func logCopied(ctx context.Context, destination string, copied registry.CopyResult) {
	tflog.Info(ctx, "Copied an image", map[string]any{
		"destination": destination, "digest": copied.Digest, "was_there": copied.Skipped, "mounted_blobs": copied.Mounted,
		"sent_bytes": copied.BytesSent, "bytes_per_second": rate(copied.BytesSent, copied.Took), "duration_ms": copied.Took.Milliseconds(),
	})
}

func rate(bytes int64, took time.Duration) int64 {
	return int64(float64(bytes) / max(took.Seconds(), 0.001))
}

// copyWarnings are about a copy that succeeded.
func copyWarnings(destination string, copied registry.CopyResult) (diags diag.Diagnostics) {
	if copied.Unseen != nil {
		diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The copy %s does not show yet", destination),
			"The registry acknowledged the image, but did not show it within some seconds: "+explain(nil, copied.Unseen)+
				"\n\nThe state has the copy. The next plan looks again.")
	}
	if len(copied.LeftOut) > 0 {
		var left []string
		for _, err := range copied.LeftOut {
			left = append(left, err.Error())
		}
		diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("The destination refuses signatures of %s", destination),
			"With signatures = \"when_supported\", the image was copied without them:\n\n  "+strings.Join(left, "\n  "))
	}
	if copied.Unlisted != nil {
		diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("Signatures for %s may be missing", destination),
			"The source does not list its tags, so only cosign's usual ones were looked for: "+explain(nil, copied.Unlisted))
	}
	return diags
}
