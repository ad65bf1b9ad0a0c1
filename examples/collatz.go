// The longest Collatz sequence that begins below a limit, searched by several goroutines.
//
//   isorun run examples/collatz.go -- 1000000
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

type longest struct{ start, steps int }

func steps(n int) int {
	count := 0
	for ; n != 1; count++ {
		if n%2 == 0 {
			n /= 2
		} else {
			n = 3*n + 1
		}
	}
	return count
}

func search(first, limit, stride int) (best longest) {
	for n := first; n < limit; n += stride {
		if s := steps(n); s > best.steps {
			best = longest{n, s}
		}
	}
	return best
}

func main() {
	limit := 1000000
	if len(os.Args) > 1 {
		limit, _ = strconv.Atoi(os.Args[1])
	}
	const workers = 4
	found := make([]longest, workers)
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			found[worker] = search(worker+1, limit, workers)
		}(worker)
	}
	group.Wait()
	best := found[0]
	for _, one := range found[1:] {
		if one.steps > best.steps || one.steps == best.steps && one.start < best.start {
			best = one
		}
	}
	fmt.Printf("%d takes %d steps\n", best.start, best.steps)
}
