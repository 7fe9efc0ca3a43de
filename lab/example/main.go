// Command example is the worker of docs/instrumentation.md, here so that it is compiled.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	asynqmetrics "asynq-mon-lab/instrumentation"
)

func main() {
	if err := run(asynq.RedisClientOpt{Addr: "127.0.0.1:6379"}); err != nil {
		log.Fatal(err)
	}
}

func run(redis asynq.RedisClientOpt) error {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m, err := asynqmetrics.New(reg)
	if err != nil {
		return err
	}

	// Handlers that enqueue further tasks do so through the wrapped client.
	client := m.WrapClient(asynq.NewClient(redis))
	defer client.Close()

	mux := asynq.NewServeMux()
	mux.Use(m.Middleware)
	mux.HandleFunc("order:pay", func(ctx context.Context, _ *asynq.Task) error {
		receipt := asynq.NewTask("email:send", []byte("receipt"), asynq.MaxRetry(5))
		_, err := client.EnqueueContext(ctx, receipt, asynq.Queue("default"))
		return err
	})
	mux.HandleFunc("email:send", func(context.Context, *asynq.Task) error { return nil })

	go func() {
		// OpenMetrics is the format that carries exemplars.
		http.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}))
		log.Print(http.ListenAndServe("127.0.0.1:9100", nil))
	}()

	server := asynq.NewServer(redis, asynq.Config{
		Concurrency:     10,
		Queues:          map[string]int{"critical": 6, "default": 3},
		ErrorHandler:    m.ErrorHandler(nil), // yours goes between the brackets
		HealthCheckFunc: m.HealthCheck(nil),
	})
	return server.Run(mux)
}
