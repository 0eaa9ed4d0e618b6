package fakeserver

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Answer is what a fake answers, complete before its first byte is sent.
type Answer struct {
	Status int // 0: none
	Header http.Header
	Body   []byte
	ID     string // of the answer, for the log
}

// JSON answers with plain structs, strings and maps.
func JSON(status int, v any) *Answer {
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: MustJSON(v)}
}

// MustJSON encodes what cannot fail: plain structs, strings and maps.
func MustJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// Page returns at most size entries of a list, those after last ("" for the first), and whether there are more.
func Page(all []string, last string, size int) (page []string, more bool) {
	from := slices.Index(all, last) + 1
	end := min(from+size, len(all))
	return append([]string{}, all[from:end]...), end < len(all)
}
