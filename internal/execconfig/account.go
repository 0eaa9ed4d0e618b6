// Package execconfig makes writes to the Harness execution-config API safe: the server saves a
// whole account document per write, without a lock, so writes are gathered, serial and verified.
package execconfig
