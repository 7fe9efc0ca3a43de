package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hibiken/asynq"

	"asynq-mon-lab/internal/service"
)

// hangCheck is how soon a hanging handler notices that it may go on.
const hangCheck = 100 * time.Millisecond

// Knobs say how handlers behave, and what strains the process besides. Rates are shares of 0 to 1;
// the first that applies decides, in the order in which they stand here.
type Knobs struct {
	PanicRate      service.PerType[float64] `json:"panic_rate"`
	RevokeRate     service.PerType[float64] `json:"revoke_rate"`
	SkipRetryRate  service.PerType[float64] `json:"skip_retry_rate"`
	NotFailureRate service.PerType[float64] `json:"not_failure_rate"`
	ErrorRate      service.PerType[float64] `json:"error_rate"`

	// DurationMS is how long a handler takes, in milliseconds; a fifth more or less.
	DurationMS service.PerType[float64] `json:"duration_ms"`
	// Hang blocks handlers until their context ends or the knob is turned back.
	Hang service.PerType[bool] `json:"hang"`
	// IgnoreCtx makes handlers deaf to the end of their context.
	IgnoreCtx service.PerType[bool] `json:"ignore_ctx"`

	LeakBytesPerSecond      float64 `json:"leak_bytes_per_second"`
	LeakGoroutinesPerSecond float64 `json:"leak_goroutines_per_second"`
	// BurnCores is CPU time per time; GOMAXPROCS is its limit.
	BurnCores float64 `json:"burn_cores"`
}

var defaultKnobs = Knobs{
	DurationMS: service.PerType[float64]{"order:pay": 10, "email:send": 20, "report:build": 30, "report:tick": 20},
}

var (
	errHandler    = errors.New("the dependency does not answer")
	errNotFailure = errors.New("not now, later")
)

// isFailure is the server's IsFailure: waiting for something is none.
func isFailure(err error) bool { return err != nil && !errors.Is(err, errNotFailure) }

type handler struct{ knobs *service.Knobs[Knobs] }

// work takes the time that the knobs say; it fails if the context ends first and is heeded.
func (h handler) work(ctx context.Context, taskType string) error {
	for h.knobs.Get().Hang.Of(taskType) {
		if err := pause(h.heeded(ctx, taskType), hangCheck); err != nil {
			return err
		}
	}
	ms := h.knobs.Get().DurationMS.Of(taskType) * (0.8 + 0.4*rand.Float64())
	return pause(h.heeded(ctx, taskType), time.Duration(ms*float64(time.Millisecond)))
}

func (h handler) heeded(ctx context.Context, taskType string) context.Context {
	if h.knobs.Get().IgnoreCtx.Of(taskType) {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// outcome draws how the attempt ends.
func outcome(k Knobs, taskType string) error {
	hit := func(rate service.PerType[float64]) bool { return rand.Float64() < rate.Of(taskType) }
	switch {
	case hit(k.PanicRate):
		panic("a nil map in the handler of " + taskType)
	case hit(k.RevokeRate):
		return fmt.Errorf("the order was cancelled: %w", asynq.RevokeTask)
	case hit(k.SkipRetryRate):
		return fmt.Errorf("the payload cannot be read: %w", asynq.SkipRetry)
	case hit(k.NotFailureRate):
		return errNotFailure
	case hit(k.ErrorRate):
		return errHandler
	default:
		return nil
	}
}
