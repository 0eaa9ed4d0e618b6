//go:build unix

package stage

import (
	"path"
	"strconv"
	"strings"
)

// Request is one line of the fake's log.
type Request struct {
	Call   string // such as "update-config"
	Status int    // of the answer; 0 for none
}

// Requests are requests in the order of their answers.
type Requests []Request

// parseLog reads lines such as: 12:00:00 POST "/gateway/ci/execution-config/update-config" ci/K8 200 …
func parseLog(log string) Requests {
	var out Requests
	for line := range strings.Lines(log) {
		_, quoted, ok := strings.Cut(line, ` "`)
		if !ok {
			continue
		}
		url, rest, _ := strings.Cut(quoted, `" `)
		request := Request{Call: path.Base(url)}
		if words := strings.Split(rest, " "); len(words) > 1 {
			request.Status, _ = strconv.Atoi(words[1]) // "-" stands for none
		}
		out = append(out, request)
	}
	return out
}

// Count returns the number of requests of a call.
func (r Requests) Count(call string) int {
	return r.count(func(q Request) bool { return q.Call == call })
}

// Writes returns the number of requests that change something.
func (r Requests) Writes() int { return r.Count("update-config") + r.Count("reset-config") }

// Reads returns the number of requests that change nothing.
func (r Requests) Reads() int { return len(r) - r.Writes() }

// Answered returns the number of requests that were answered with the status.
func (r Requests) Answered(status int) int {
	return r.count(func(q Request) bool { return q.Status == status })
}

func (r Requests) count(matches func(Request) bool) int {
	n := 0
	for _, request := range r {
		if matches(request) {
			n++
		}
	}
	return n
}
