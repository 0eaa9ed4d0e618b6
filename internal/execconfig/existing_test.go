package execconfig

import (
	"maps"
	"testing"
	"testing/synctest"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestExisting(t *testing.T) {
	for name, test := range map[string]struct {
		before, listed, defaults, want images
	}{
		"nothing":                      {nil, nil, nil, images{}},
		"unchanged":                    {images{"a": "a:1"}, images{"a": "a:1"}, nil, images{"a": "a:1"}},
		"changed outside":              {images{"a": "a:1"}, images{"a": "a:2"}, images{"a": "a:1"}, images{"a": "a:2"}},
		"added outside":                {images{}, images{"a": "a:1"}, nil, images{"a": "a:1"}},
		"removed outside":              {images{"a": "a:1"}, images{}, images{"a": "d:1"}, images{}},
		"equal to the default, hidden": {images{"a": "d:1"}, images{}, images{"a": "d:1"}, images{"a": "d:1"}},
		"equal to another's default":   {images{"a": "d:1"}, images{}, images{"b": "d:1"}, images{}},
		"beside one that is listed":    {images{"a": "d:1"}, images{"b": "b:1"}, images{"a": "d:1"}, images{"a": "d:1", "b": "b:1"}},
		"no default and no override":   {images{"a": ""}, images{}, images{}, images{}},
		"field no longer there":        {images{"a": "a:1"}, images{}, images{}, images{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(0)
			s.Tune(func(o *fakeharness.Options) { o.HideDefaults = true })
			s.setDefaults(k8, test.defaults)
			for field, image := range test.listed {
				s.outside(k8, field, image)
			}
			a := newAccount(t, s)
			got, err := a.Existing(t.Context(), k8, test.before, false)
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("%s: got %v, %v, want %v", name, got, err, test.want)
			}
			got, err = a.Existing(t.Context(), k8, test.before, true)
			if err != nil || !maps.Equal(got, test.listed) {
				t.Errorf("%s, on a server that lists all: got %v, %v", name, got, err)
			}
		})
	}
}
