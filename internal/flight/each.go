package flight

import "sync"

// Each does something for all items at once, and returns the outcome of each in its place.
func Each[In, Out any](items []In, do func(In) Out) []Out {
	outcomes := make([]Out, len(items))
	var all sync.WaitGroup
	for i, item := range items {
		all.Go(func() { outcomes[i] = do(item) })
	}
	all.Wait()
	return outcomes
}
