package provider_test

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// exposedName is what GitLab accepts after expose_as; anything else makes the whole pipeline invalid.
var exposedName = regexp.MustCompile(`expose_as: \w[-\w ]*\n`)

// TestExamplePipelines reads every pipeline under examples/, and holds them to what the guide says:
// only jobs that apply have the key that may edit, and none applies beside another.
func TestExamplePipelines(t *testing.T) {
	t.Parallel()
	paths := append(filesBelow(t, examplesDir, ".yml"), filesBelow(t, examplesDir, ".yaml")...)
	if len(paths) < 7 {
		t.Fatalf("found %d pipelines", len(paths))
	}
	for _, path := range paths {
		content := readFile(t, path)
		decoder := yaml.NewDecoder(strings.NewReader(content))
		for {
			var document map[string]any
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if len(document) == 0 {
				t.Errorf("%s has an empty document", path)
			}
		}
		applies := strings.Contains(content, "terraform apply")
		if edits := strings.Contains(strings.ToLower(content), "editor"); edits != applies {
			t.Errorf("%s: applies: %v, has the key that may edit: %v", path, applies, edits)
		}
		if strings.Contains(content, "expose_as:") && !exposedName.MatchString(content) {
			t.Errorf("%s exposes its artifacts under a name that GitLab refuses", path)
		}
		if strings.Contains(content, "terraform ") && !strings.Contains(content, "terraform init -input=false") {
			t.Errorf("%s runs without init", path)
		}
	}
	for _, dir := range []string{"drift-check", "fleet"} {
		if _, err := os.Stat(examplesDir + "/complete/" + dir + "/backend.tf"); err != nil {
			t.Errorf("a pipeline without a backend: %v", err)
		}
	}
}
