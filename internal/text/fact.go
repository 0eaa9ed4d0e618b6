package text

// Fact is a name and a value that identify what an error or a request is about, such as "module" and "ci".
type Fact struct{ Name, Value string }

// Facts are in the order in which they are told. An empty value is left out; consecutive values of one name
// form a list.
type Facts []Fact
