package imageref

import (
	"math"
	"testing"
)

// notComparable means that a comparison is not possible.
const notComparable = -1

// minorsBehind is MinorsBehind for two references.
func minorsBehind(image, latest string) (int64, bool) {
	have, err := Parse(image)
	newest, errNewest := Parse(latest)
	if err != nil || errNewest != nil {
		return 0, false
	}
	return MinorsBehind(have, newest)
}

// compareText is Compare for two references.
func compareText(image, latest string) (Comparison, bool) {
	have, err := Parse(image)
	newest, errNewest := Parse(latest)
	if err != nil || errNewest != nil {
		return Comparison{}, false
	}
	return Compare(have, newest)
}

func TestMinorsBehind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		image, latest string
		want          int64
	}{
		{"harness/ci-addon:1.14.4", "harness/ci-addon:1.16.92", 2},
		{"harness/ci-addon:1.16.92", "harness/ci-addon:1.16.92", 0},
		{"harness/ci-addon:1.16.1", "harness/ci-addon:1.16.92", 0},
		{"harness/ci-addon:1.17.0", "harness/ci-addon:1.16.92", 0},
		{"harness/ci-addon:2.0.0", "harness/ci-addon:1.16.92", 0},
		{"harness/ci-addon:1.9.0", "harness/ci-addon:1.10.0", 1},
		{"registry.example.com:5000/mirror/harness/ci-addon:1.14.4", "harness/ci-addon:1.16.92", 2},
		{"harness/ci-addon:1.14.4@" + sha256Digest, "harness/ci-addon:1.16.92", 2},
		{"a:v1.2.3", "a:1.4.0", 2},
		{"a:1.14", "a:1.16.92", 2},
		{"a:1.14.1", "a:1.16", 2},

		{"harness/ci-addon:1.16.92", "harness/ci-addon:2.0.0", notComparable},
		{"harness/ci-addon:latest", "harness/ci-addon:1.16.92", notComparable},
		{"harness/ci-addon:1.16.92", "harness/ci-addon:latest", notComparable},
		{"harness/sto-plugin:latest", "harness/sto-plugin:latest", notComparable},
		{"a:dev", "a:1.0.0", notComparable},
		{"a", "a:1.0.0", notComparable},
		{"a@" + sha256Digest, "a:1.0.0", notComparable},
		{"a:1", "a:1.4.0", notComparable},
		{"a:1.2.3.4", "a:1.4.0.0", 2},
		{"a:1.2.3.4.5", "a:1.4.0.0.0", notComparable},
		{"a:1.2.x", "a:1.4.0", notComparable},
		{"harness/ci-lite-engine:1.14.4", "harness/ci-addon:1.16.92", notComparable},
		{"plugins/docker:1.0.0", "plugins/kaniko:1.2.0", notComparable},
		{"Bad:1.0.0", "Bad:1.0.0", notComparable},
		{"a:1.0.0", "https://a:1.0.0", notComparable},

		{"harness/drone-git:1.6.9-rootless", "harness/drone-git:1.7.0-rootless", 1},
		{"harness/ci-addon:rootless-1.13.92", "harness/ci-addon:rootless-1.16.92", 3},
		{"a:linux-amd64-1.2.3", "a:linux-amd64-1.9.0", 7},
		{"a:linux_1.2.3", "a:linux_1.9.0", 7},
		{"a:1.2.3-ubuntu-22.04", "a:1.4.0-ubuntu-22.04", 2},
		{"a:ubuntu-22.04-1.2.3", "a:ubuntu-22.04-1.4.0", 2},
		{"a:2-1.2-3.4-1.2.3", "a:2-1.2-3.4-1.3.3", 1},

		{"harness/ci-addon:rootless-1.14.4", "harness/ci-addon:1.16.92", notComparable},
		{"harness/ci-addon:1.14.4", "harness/ci-addon:rootless-1.16.92", notComparable},
		{"a:1.14.4-rootless", "a:rootless-1.16.92", notComparable},
		{"a:linux-arm64-1.2.3", "a:linux-amd64-1.9.0", notComparable},
		{"a:linux_1.2.3", "a:linux-1.9.0", notComparable},
		{"a:1.2.3-rc1", "a:1.4.0", notComparable},
		{"a:1.2.3-ubuntu-22.04", "a:1.4.0-ubuntu-24.04", notComparable},
		{"a:1.2-3.4", "a:1.3-3.4", notComparable},
		{"a:1.2.3-4.5.6", "a:1.3.3-4.5.6", notComparable},
		{"a:rootless1.2.3", "a:rootless1.3.3", notComparable},

		{"a:1.0.0", "a:1.9223372036854775807.0", math.MaxInt64},
		{"a:1.0.0", "a:1.18446744073709551615.0", math.MaxInt64},
		{"a:1.0.0", "a:1.18446744073709551616.0", notComparable},
		{"a:99999999999999999999999999.1.0", "a:99999999999999999999999999.1.0", notComparable},
		{"a:1.01.0", "a:1.003.0", 2},
	} {
		got, comparable := minorsBehind(test.image, test.latest)
		if !comparable {
			if got != 0 {
				t.Errorf("%s, %s: %d though not comparable", test.image, test.latest, got)
			}
			got = notComparable
		}
		if got != test.want {
			t.Errorf("%s, latest %s: got %d, want %d", test.image, test.latest, got, test.want)
		}
	}
}

func TestCompareDistinguishesOlderFromBehind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		image, latest string
		want          Comparison
	}{
		{"a:1.16.92", "a:1.16.92", Comparison{Exact: true}},
		{"a:1.16.91", "a:1.16.92", Comparison{Older: true, Exact: true}},
		{"a:1.16.93", "a:1.16.92", Comparison{Exact: true}},
		{"a:1.16.56", "a:1.16.56.1", Comparison{Older: true, Exact: true}},
		{"a:1.16.56.1", "a:1.16.56", Comparison{Exact: true}},
		{"a:1.16.56.1", "a:1.16.58", Comparison{Older: true, Exact: true}},
		{"a:1.17.00", "a:1.17.0", Comparison{Exact: true}},
		{"a:1.16", "a:1.16.92", Comparison{Exact: true}},
		{"a:1.16.1", "a:1.16", Comparison{Exact: true}},
		{"a:1.15.93", "a:1.16.92", Comparison{Older: true, Releases: 1, Exact: true}},
		{"a:1.15", "a:1.16.92", Comparison{Older: true, Releases: 1, Exact: true}},
		{"a:1.99.0", "a:2.0.0", Comparison{Older: true, Releases: 1}},
		{"a:1.0.0", "a:2.3.0", Comparison{Older: true, Releases: 4}},
		{"a:1.0.0", "a:4.3.0", Comparison{Older: true, Releases: 6}},
		{"a:2.0.0", "a:1.3.0", Comparison{Exact: true}},
		{"a:1.0.0", "a:2.9223372036854775807.0", Comparison{Older: true, Releases: math.MaxInt64}},
		{"a:1.0.0", "a:2.18446744073709551615.0", Comparison{Older: true, Releases: math.MaxInt64}},
		{"a:0.0.0", "a:18446744073709551615.18446744073709551615.0", Comparison{Older: true, Releases: math.MaxInt64}},
	} {
		got, ok := compareText(test.image, test.latest)
		if !ok || got != test.want {
			t.Errorf("%s, latest %s: got %+v, %v; want %+v", test.image, test.latest, got, ok, test.want)
		}
	}
}
