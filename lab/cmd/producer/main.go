// Command producer enqueues tasks at random times with given rates, and runs a scheduler.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/hibiken/asynq"

	asynqmetrics "asynq-mon-lab/instrumentation"
	"asynq-mon-lab/internal/service"
)

type options struct {
	listen, redis, knobs string
	factor               float64
	scheduler            bool
	serversTimeout       time.Duration
}

func main() {
	var opts options
	flag.StringVar(&opts.listen, "listen", "127.0.0.1:0", "address to serve /metrics, /healthz, /knobs and commands on")
	flag.StringVar(&opts.redis, "redis", "127.0.0.1:6379", "address of Redis")
	flag.StringVar(&opts.knobs, "knobs", "", "JSON of the knobs at the start")
	flag.Float64Var(&opts.factor, "factor", 1, "divisor of periods and of the default timeout of tasks")
	flag.BoolVar(&opts.scheduler, "scheduler", true, "start the scheduler")
	flag.DurationVar(&opts.serversTimeout, "servers-timeout", 0,
		"timeout of Redis where a scrape asks for asynq's servers; 0 for go-redis' defaults")
	flag.Parse()

	if err := run(opts); err != nil {
		slog.Error("producer", "err", err)
		os.Exit(1)
	}
}

func run(opts options) error {
	ctx, cancel := service.Signals()
	defer cancel()

	redis := service.Redis(opts.redis, 0)
	inspector := asynq.NewInspector(redis)
	defer inspector.Close()
	reg := service.Registry()
	m, err := asynqmetrics.New(reg, asynqmetrics.ProducerOnly())
	if err != nil {
		return err
	}
	// Here and not in the workers: each of them would tell of all servers.
	servers := asynq.NewInspector(service.Redis(opts.redis, opts.serversTimeout))
	defer servers.Close()
	reg.MustRegister(asynqmetrics.NewServersCollector(servers))
	client := m.WrapClient(asynq.NewClient(redis))
	defer client.Close()

	knobs, err := service.NewKnobs(defaultKnobs(opts.factor), opts.knobs)
	if err != nil {
		return fmt.Errorf("-knobs: %w", err)
	}
	out := newTraffic(ctx, client, knobs)
	out.follow(knobs.Get())
	knobs.Changed = out.follow
	ticks := &periodic{redis: redis, factor: opts.factor, metrics: m}
	defer ticks.stop()
	if opts.scheduler {
		ticks.start()
	}

	mux := service.Mux(reg)
	mux.Handle("/knobs", knobs)
	mux.HandleFunc("POST /burst", out.burst)
	mux.HandleFunc("POST /pause", onQueue(inspector.PauseQueue))
	mux.HandleFunc("POST /unpause", onQueue(inspector.UnpauseQueue))
	mux.HandleFunc("POST /scheduler/start", func(http.ResponseWriter, *http.Request) { ticks.start() })
	mux.HandleFunc("POST /scheduler/stop", func(http.ResponseWriter, *http.Request) { ticks.stop() })
	return service.Serve(ctx, opts.listen, mux)
}

// onQueue makes a command of something that is done to a queue, named in the JSON of the request.
func onQueue(do func(queue string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var command struct{ Queue string }
		err := json.NewDecoder(r.Body).Decode(&command)
		if err == nil {
			err = do(command.Queue)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
