package execconfig

import (
	"fmt"
	"testing"
)

// BenchmarkSet measures what the writer adds to a write on a server that answers at once.
func BenchmarkSet(b *testing.B) {
	for _, parallel := range []int{1, 10} {
		b.Run(fmt.Sprintf("parallel=%d", parallel), func(b *testing.B) {
			s := newServer(0)
			a := New(s, "bench", Options{LockDir: b.TempDir(), Window: 1, WindowMax: 1})
			b.ReportAllocs()
			for b.Loop() {
				forEach(parallel, parallel, func(i int) {
					if err := a.Reset(b.Context(), k8, fieldName(i), ""); err != nil {
						b.Error(err)
					}
				})
				s.calls = s.calls[:0]
			}
			b.ReportMetric(float64(b.N*parallel)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkOverrides measures a read that is served from memory: one override's part of a refresh.
func BenchmarkOverrides(b *testing.B) {
	s := newServer(0)
	for i := range 29 {
		s.outside(k8, fieldName(i), "mirror:2")
	}
	a := newAccount(b, s)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Overrides(b.Context(), k8); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOverridesAsked measures ten callers who share one request.
func BenchmarkOverridesAsked(b *testing.B) {
	s := newServer(0)
	for i := range 29 {
		s.outside(k8, fieldName(i), "mirror:2")
	}
	a := newAccount(b, s)
	b.ReportAllocs()
	for b.Loop() {
		a.reads.drop(k8)
		s.calls = s.calls[:0]
		forEach(10, 10, func(int) {
			if _, err := a.Overrides(b.Context(), k8); err != nil {
				b.Error(err)
			}
		})
	}
}
