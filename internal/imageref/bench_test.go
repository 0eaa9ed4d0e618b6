package imageref

import "testing"

func BenchmarkParse(b *testing.B) {
	for name, ref := range map[string]string{
		"name":   "ubuntu",
		"tag":    "harness/ci-addon:1.16.92",
		"digest": "registry.example.com:5000/mirror/plugins/s3:1.5.3@" + sha256Digest,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(ref); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMirror(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Mirror("harness/ci-addon:1.16.92", "registry.example.com/mirror"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMinorsBehind(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if n, _ := minorsBehind("harness/ci-addon:rootless-1.14.4", "harness/ci-addon:rootless-1.16.92"); n != 2 {
			b.Fatal(n)
		}
	}
}
