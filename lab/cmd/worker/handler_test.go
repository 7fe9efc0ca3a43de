package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"asynq-mon-lab/internal/service"
)

func knobbed(t *testing.T, knobs string) handler {
	t.Helper()
	k, err := service.NewKnobs(Knobs{}, knobs)
	if err != nil {
		t.Fatal(err)
	}
	return handler{k}
}

// Each rate ends tasks of its type in its way, and leaves other types alone.
func TestOutcomes(t *testing.T) {
	for name, tc := range map[string]struct {
		knobs     string
		want      error
		isFailure bool
	}{
		"nothing":       {`{}`, nil, false},
		"errors":        {`{"error_rate": {"a": 1}}`, errHandler, true},
		"not a failure": {`{"not_failure_rate": {"a": 1}}`, errNotFailure, false},
		"skip retry":    {`{"skip_retry_rate": {"a": 1}}`, asynq.SkipRetry, true},
		"revoke":        {`{"revoke_rate": {"a": 1}}`, asynq.RevokeTask, true},
		"the first":     {`{"error_rate": 1, "revoke_rate": {"a": 1, "b": 0}}`, asynq.RevokeTask, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := knobbed(t, tc.knobs)
			err := h.ProcessTask(context.Background(), asynq.NewTask("a", nil))
			if !errors.Is(err, tc.want) || isFailure(err) != tc.isFailure {
				t.Errorf("got %v (a failure: %v), want %v", err, isFailure(err), tc.want)
			}
			if err := h.ProcessTask(context.Background(), asynq.NewTask("b", nil)); name != "the first" && err != nil {
				t.Errorf("the other type: %v", err)
			}
		})
	}
}

// A panic leaves the handler, for asynq to recover.
func TestPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = knobbed(t, `{"panic_rate": 1}`).ProcessTask(context.Background(), asynq.NewTask("a", nil))
}

// A hanging or slow handler ends with its context, but for one that ignores it.
func TestContext(t *testing.T) {
	for name, tc := range map[string]struct {
		knobs string
		want  error
	}{
		"hanging": {`{"hang": true}`, context.DeadlineExceeded},
		"slow":    {`{"duration_ms": 5000}`, context.DeadlineExceeded},
		"deaf":    {`{"duration_ms": 100, "ignore_ctx": true}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := knobbed(t, tc.knobs).ProcessTask(ctx, asynq.NewTask("a", nil))
			if !errors.Is(err, tc.want) || time.Since(began) > 2*time.Second {
				t.Errorf("got %v after %s, want %v", err, time.Since(began), tc.want)
			}
		})
	}
}

// Queues are read from the command line, and what cannot be read is refused.
func TestParseQueues(t *testing.T) {
	queues, err := parseQueues("critical=6,low=1")
	if err != nil || queues["critical"] != 6 || queues["low"] != 1 {
		t.Errorf("got %v, %v", queues, err)
	}
	for _, bad := range []string{"", "critical", "critical=x", "=1"} {
		if _, err := parseQueues(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
