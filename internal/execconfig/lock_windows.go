package execconfig

import "io/fs"

// Links need a privilege here, and pipes have no place among files.
const openSafely = 0

// ownedAlone reports true: a profile's folders are its user's.
func ownedAlone(fs.FileInfo) bool { return true }
