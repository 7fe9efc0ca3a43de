package main

import (
	"context"
	"math"
	"runtime"
	"time"

	"asynq-mon-lab/internal/service"
)

const strainTick = 100 * time.Millisecond

// strain leaks memory and goroutines and burns CPU as the knobs say, until ctx ends. What has
// leaked stays until the process ends.
func strain(ctx context.Context, knobs *service.Knobs[Knobs]) {
	var leaked [][]byte
	var bytes, goroutines float64
	for ctx.Err() == nil {
		k := knobs.Get()
		bytes += k.LeakBytesPerSecond * strainTick.Seconds()
		if n := int(bytes); n > 0 {
			leaked = append(leaked, touched(n))
			bytes -= float64(n)
		}
		goroutines += k.LeakGoroutinesPerSecond * strainTick.Seconds()
		for ; goroutines >= 1; goroutines-- {
			go func() { select {} }()
		}
		burn(ctx, k.BurnCores)
	}
	runtime.KeepAlive(leaked)
}

// touched returns memory that the kernel has really given.
func touched(n int) []byte {
	block := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		block[i] = 1
	}
	return block
}

// burn lasts one tick, in which cores goroutines at once use that share of CPU.
func burn(ctx context.Context, cores float64) {
	end := time.Now().Add(strainTick)
	for ; cores > 0; cores-- {
		share := math.Min(cores, 1)
		go func() {
			for until := time.Now().Add(time.Duration(share * float64(strainTick))); time.Now().Before(until); {
			}
		}()
	}
	_ = pause(ctx, time.Until(end))
}
