package harness

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// An attempt that may still act is reported, whatever comes after it.
func TestAttemptsAreReportedOneByOne(t *testing.T) {
	t.Parallel()
	inside := fakeharness.Fault{Status: 500, Body: fakeharness.ErrorBody("UNKNOWN_ERROR", "Oops", "id"), Times: 9}
	for name, test := range map[string]struct {
		faults []fakeharness.Fault
		want   []bool // of each attempt: it may still act
		failed bool
	}{
		"success":                   {nil, []bool{false}, false},
		"gateway time-out, success": {[]fakeharness.Fault{{Status: 504, Times: 1}}, []bool{true, false}, false},
		"bad gateway, success":      {[]fakeharness.Fault{{Status: 502, Times: 1}}, []bool{true, false}, false},
		"dropped, success":          {[]fakeharness.Fault{{Drop: true, Times: 1}}, []bool{true, false}, false},
		"its own answer, success":   {[]fakeharness.Fault{{Status: 503, Times: 1}}, []bool{false, false}, false},
		"refused":                   {[]fakeharness.Fault{{Status: 400, Times: 1}}, []bool{false}, true},
		"dropped, refused":          {[]fakeharness.Fault{{Drop: true, Times: 1}, {Status: 400, Times: 1}}, []bool{true, false}, true},
		"500 in the API's words":    {[]fakeharness.Fault{inside}, []bool{false, false}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			for _, fault := range test.faults {
				server.Inject(fault)
			}
			var got []bool
			ctx := WithAttempts(t.Context(), func(a Attempt) {
				if a.Took <= 0 {
					t.Errorf("an attempt took %s", a.Took)
				}
				got = append(got, a.MayStillAct)
			})
			err := New(cfg).UpdateImages(ctx, scope, map[string]string{"gitCloneTag": "harness/drone-git:1.0.9"})
			if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.failed {
				t.Errorf("%v: %s", err, diff)
			}
			if IsFailedInside(err) != (test.faults != nil && test.faults[0].Status == 500) {
				t.Errorf("failed inside is %t for %v", IsFailedInside(err), err)
			}
		})
	}
}

// A write's content may be the reason; a read has none.
func TestA500InTheAPIsWordsIsRetriedOnceForAWrite(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]int{"update-config": 2, "reset-config": 2, "get-customer-config": 3} {
		server, cfg := start(t)
		server.Inject(fakeharness.Fault{Status: 500, Body: fakeharness.ErrorBody("UNKNOWN_ERROR", "Oops", "id"), Times: -1})
		if err := operations[call](t.Context(), New(cfg)); !IsFailedInside(err) || len(server.Requests()) != want {
			t.Errorf("%s: %v after %d requests, want %d", call, err, len(server.Requests()), want)
		}
	}
}
