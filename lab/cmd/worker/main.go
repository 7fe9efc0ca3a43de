// Command worker is an asynq server whose handlers succeed, fail, hang and leak as its knobs say.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	asynqmetrics "asynq-mon-lab/instrumentation"
	"asynq-mon-lab/internal/service"
)

type options struct {
	listen, redis   string
	knobs           string
	queues          map[string]int
	strict          bool
	concurrency     int
	factor          float64
	shutdownTimeout time.Duration
}

func main() {
	var opts options
	flag.StringVar(&opts.listen, "listen", "127.0.0.1:0", "address to serve /metrics, /healthz and /knobs on")
	flag.StringVar(&opts.redis, "redis", "127.0.0.1:6379", "address of Redis")
	queues := flag.String("queues", "critical=6,default=3,low=1", "queues and their priorities")
	flag.BoolVar(&opts.strict, "strict", false, "serve lower queues only when higher ones are empty")
	flag.IntVar(&opts.concurrency, "concurrency", 10, "handlers that run at once")
	flag.Float64Var(&opts.factor, "factor", 1, "divisor of every interval of asynq that can be set")
	flag.DurationVar(&opts.shutdownTimeout, "shutdown-timeout", 8*time.Second, "grace for handlers when asked to end")
	flag.StringVar(&opts.knobs, "knobs", "", "JSON of the knobs at the start")
	flag.Parse()

	var err error
	if opts.queues, err = parseQueues(*queues); err == nil {
		err = run(opts)
	}
	if err != nil {
		slog.Error("worker", "err", err)
		os.Exit(1)
	}
}

func run(opts options) error {
	ctx, cancel := service.Signals()
	defer cancel()

	reg := service.Registry()
	m, err := asynqmetrics.New(reg, asynqmetrics.WithIsFailure(isFailure))
	if err != nil {
		return err
	}
	knobs, err := service.NewKnobs(defaultKnobs, opts.knobs)
	if err != nil {
		return fmt.Errorf("-knobs: %w", err)
	}
	server := asynq.NewServer(service.Redis(opts.redis, 0), config(opts, m))
	// Not a ServeMux: its handler for unknown types fails, and here they succeed.
	if err := server.Start(m.Middleware(handler{knobs})); err != nil {
		return err
	}
	defer server.Shutdown()
	go strain(ctx, knobs)

	mux := service.Mux(reg)
	mux.Handle("/knobs", knobs)
	return service.Serve(ctx, opts.listen, mux)
}

func config(opts options, m *asynqmetrics.Metrics) asynq.Config {
	return asynq.Config{
		Concurrency:              opts.concurrency,
		Queues:                   opts.queues,
		StrictPriority:           opts.strict,
		IsFailure:                isFailure,
		ErrorHandler:             m.ErrorHandler(nil),
		HealthCheckFunc:          m.HealthCheck(nil),
		LogLevel:                 asynq.WarnLevel,
		ShutdownTimeout:          opts.shutdownTimeout,
		TaskCheckInterval:        shorter(time.Second, opts.factor),
		DelayedTaskCheckInterval: shorter(5*time.Second, opts.factor),
		HealthCheckInterval:      shorter(15*time.Second, opts.factor),
		JanitorInterval:          shorter(8*time.Second, opts.factor),
		RetryDelayFunc: func(n int, err error, task *asynq.Task) time.Duration {
			return shorter(asynq.DefaultRetryDelayFunc(n, err, task), opts.factor)
		},
	}
}

func shorter(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) / factor)
}

// parseQueues reads "critical=6,default=3".
func parseQueues(text string) (map[string]int, error) {
	queues := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, priority, _ := strings.Cut(part, "=")
		number, err := strconv.Atoi(priority)
		if err != nil || name == "" {
			return nil, fmt.Errorf("-queues %q: want name=priority", part)
		}
		queues[name] = number
	}
	return queues, nil
}

var _ asynq.Handler = handler{}

// ProcessTask behaves as the knobs say for the type of the task.
func (h handler) ProcessTask(ctx context.Context, task *asynq.Task) error {
	if err := h.work(ctx, task.Type()); err != nil {
		return err
	}
	return outcome(h.knobs.Get(), task.Type())
}
