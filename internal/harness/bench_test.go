package harness

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
)

// BenchmarkAnswer measures the handling of an answer's body: the server's words, then the images.
func BenchmarkAnswer(b *testing.B) {
	client := New(Config{Endpoint: &url.URL{Scheme: "https", Host: "harness.example.com"}, APIKey: "pat.bench"})
	for _, fields := range []int{0, 29, 500} {
		b.Run(fmt.Sprintf("fields=%d", fields), func(b *testing.B) {
			images := map[string]string{}
			for i := range fields {
				images[fmt.Sprintf("field%03dTag", i)] = fmt.Sprintf("registry.example.com/plugins/field%03d:1.16.92", i)
			}
			body, err := json.Marshal(map[string]any{
				"status": "SUCCESS", "data": images, "metaData": nil, "correlationId": "08919155-a6d6-4bd3-8401-6b86318c85ca",
			})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				x := &exchange{client: client, body: body, message: readServerMessage(body)}
				if got, err := x.images(); err != nil || len(got) != fields {
					b.Fatalf("%d images, error %v", len(got), err)
				}
			}
		})
	}
}
