package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	asynqmetrics "asynq-mon-lab/instrumentation"
	"asynq-mon-lab/internal/service"
)

// inFlight limits the calls of Enqueue that one stream, or one burst, has under way.
const inFlight = 32

// Knobs say what is enqueued. Times are real seconds, whatever the factor is.
type Knobs struct {
	Rates            Rates                    `json:"rates"`
	MaxRetry         service.PerType[*int]    `json:"max_retry"` // null and absent mean 5
	RetentionSeconds service.PerType[float64] `json:"retention_seconds"`
	PayloadBytes     service.PerType[int]     `json:"payload_bytes"`
	DelaySeconds     service.PerType[float64] `json:"delay_seconds"`
	UniqueSeconds    service.PerType[float64] `json:"unique_seconds"`
	TimeoutSeconds   service.PerType[float64] `json:"timeout_seconds"`
}

// defaultKnobs give tasks asynq's own default timeout, scaled.
func defaultKnobs(factor float64) Knobs {
	return Knobs{TimeoutSeconds: service.PerType[float64]{"*": 1800 / factor}}
}

func (k Knobs) options(queue, taskType string) []asynq.Option {
	maxRetry := 5
	if n := k.MaxRetry.Of(taskType); n != nil {
		maxRetry = *n
	}
	opts := []asynq.Option{asynq.Queue(queue), asynq.MaxRetry(maxRetry)}
	for _, one := range []struct {
		seconds float64
		option  func(time.Duration) asynq.Option
	}{
		{k.RetentionSeconds.Of(taskType), asynq.Retention},
		{k.DelaySeconds.Of(taskType), asynq.ProcessIn},
		{k.UniqueSeconds.Of(taskType), asynq.Unique},
		{k.TimeoutSeconds.Of(taskType), asynq.Timeout},
	} {
		if one.seconds > 0 {
			opts = append(opts, one.option(time.Duration(one.seconds*float64(time.Second))))
		}
	}
	return opts
}

// Rates are tasks per second by queue and task type.
type Rates map[string]map[string]float64

// UnmarshalJSON replaces the map by a merged copy; streams that the JSON does not name go on.
func (r *Rates) UnmarshalJSON(data []byte) error {
	var some map[string]map[string]float64
	if err := json.Unmarshal(data, &some); err != nil {
		return err
	}
	merged := Rates{}
	for queue, types := range *r {
		merged[queue] = maps.Clone(types)
	}
	for queue, types := range some {
		if merged[queue] == nil {
			merged[queue] = map[string]float64{}
		}
		maps.Copy(merged[queue], types)
	}
	*r = merged
	return nil
}

type stream struct{ queue, taskType string }

type running struct {
	rate float64
	stop context.CancelFunc
}

// traffic is the set of streams that enqueue now.
type traffic struct {
	ctx     context.Context
	client  *asynqmetrics.Client
	knobs   *service.Knobs[Knobs]
	streams map[stream]running // only follow touches it, which is called by one goroutine at a time
}

func newTraffic(ctx context.Context, client *asynqmetrics.Client, knobs *service.Knobs[Knobs]) *traffic {
	return &traffic{ctx: ctx, client: client, knobs: knobs, streams: map[stream]running{}}
}

// follow starts, stops and replaces streams so that they have these rates.
func (t *traffic) follow(k Knobs) {
	for queue, types := range k.Rates {
		for taskType, rate := range types {
			s := stream{queue, taskType}
			now, known := t.streams[s]
			if known && now.rate == rate {
				continue
			}
			if known {
				now.stop()
				delete(t.streams, s)
			}
			if rate > 0 {
				ctx, stop := context.WithCancel(t.ctx)
				t.streams[s] = running{rate, stop}
				go t.arrivals(ctx, s, rate)
			}
		}
	}
}

// arrivals enqueues with exponentially distributed gaps: arrivals do not wait for one another.
func (t *traffic) arrivals(ctx context.Context, s stream, rate float64) {
	slots := make(chan struct{}, inFlight)
	next := time.Now()
	for {
		next = next.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		if late := time.Since(next); late > time.Second {
			next = time.Now() // what could not be sent while Redis hung is lost, not caught up on
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		go func() {
			defer func() { <-slots }()
			_ = t.enqueue(s) // counted by the client
		}()
	}
}

// enqueue outlives a change of rates, which must not look like an error of Redis.
func (t *traffic) enqueue(s stream) error {
	k := t.knobs.Get()
	task := asynq.NewTask(s.taskType, make([]byte, k.PayloadBytes.Of(s.taskType)))
	_, err := t.client.EnqueueContext(t.ctx, task, k.options(s.queue, s.taskType)...)
	return err
}

// burst enqueues n tasks as fast as Redis takes them, and answers how many it took.
func (t *traffic) burst(w http.ResponseWriter, r *http.Request) {
	var command struct {
		Queue, Type string
		N           int
	}
	if err := json.NewDecoder(r.Body).Decode(&command); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var left, done atomic.Int64
	left.Store(int64(command.N))
	errs := make([]error, inFlight)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for left.Add(-1) >= 0 {
				if err := t.enqueue(stream{command.Queue, command.Type}); err != nil {
					errs[i] = err
					continue
				}
				done.Add(1)
			}
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil && done.Load() == 0 {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, done.Load())
}
