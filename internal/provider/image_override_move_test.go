package provider

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// A state of the vendor's resource is either taken over as it stands there, or refused with words that
// are fit to be shown.
func FuzzMovedModel(f *testing.F) {
	f.Fuzz(func(t *testing.T, attributes []byte) {
		model, err := movedModel(attributes)
		if err != nil {
			if text := err.Error(); len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("not fit to be shown: %q", text)
			}
			return
		}
		id, err := parseID(model.ID.ValueString())
		if err != nil || id != model.target() || !id.Scope.Valid() {
			t.Errorf("%q is the id of %+v: %v", model.ID.ValueString(), model.target(), err)
		}
		var source map[string]any
		if err := json.Unmarshal(attributes, &source); err != nil {
			t.Fatalf("%s was taken for JSON: %v", attributes, err)
		}
		// Names of members may differ in case, and come twice; what was taken is one of the values.
		for name, value := range map[string]string{
			"kind": string(id.Scope.Module), "infra_type": string(id.Scope.Infra), "field": id.Field, "value": model.Value.ValueString(),
		} {
			found := false
			for member, content := range source {
				text, ok := content.(string)
				found = found || ok && strings.EqualFold(member, name) && strings.EqualFold(text, value)
			}
			if !found {
				t.Errorf("%s: %s is %q", attributes, name, value)
			}
		}
		if strings.TrimSpace(model.Value.ValueString()) == "" {
			t.Errorf("%s makes an override without an image", attributes)
		}
	})
}
