package execconfig

import "io/fs"

// Here, links need a privilege, and pipes are not in the file system.
const openSafely = 0

// ownedAlone is always true: a profile's folders belong to its user.
func ownedAlone(fs.FileInfo) bool { return true }

// openParent is always "": a profile's parents belong to the system.
func openParent(string) (string, error) { return "", nil }
