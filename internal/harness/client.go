// Package harness is the client of the Harness execution-config API.
package harness
