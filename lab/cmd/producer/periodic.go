package main

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	asynqmetrics "asynq-mon-lab/instrumentation"
)

// periodic enqueues report:tick by an asynq scheduler every five minutes, scaled; it can be stopped and started again.
type periodic struct {
	redis   asynq.RedisClientOpt
	factor  float64
	metrics *asynqmetrics.Metrics

	mu      sync.Mutex
	running *asynq.Scheduler
}

// start starts the scheduler, if it does not run.
func (p *periodic) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return
	}
	scheduler := asynq.NewScheduler(p.redis, &asynq.SchedulerOpts{
		HeartbeatInterval: p.shorter(10 * time.Second),
		LogLevel:          asynq.WarnLevel,
		// Deprecated in asynq, and yet the only hook that is told the task.
		EnqueueErrorHandler: p.metrics.EnqueueErrorHandler(nil),
	})
	task := asynq.NewTask("report:tick", nil, asynq.Queue("low"), asynq.MaxRetry(5))
	if _, err := scheduler.Register(fmt.Sprintf("@every %s", p.shorter(5*time.Minute)), task); err != nil {
		slog.Error("scheduler", "err", err)
		return
	}
	if err := scheduler.Start(); err != nil {
		slog.Error("scheduler", "err", err)
		return
	}
	p.running = scheduler
}

// stop ends the scheduler, if it runs.
func (p *periodic) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		p.running.Shutdown()
		p.running = nil
	}
}

func (p *periodic) shorter(d time.Duration) time.Duration {
	return time.Duration(float64(d) / p.factor)
}
