// Command exporter serves the queue metrics of asynq, the way asynq's own metrics exporter does.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynq/x/metrics"

	"asynq-mon-lab/internal/service"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve /metrics and /healthz on")
	redis := flag.String("redis", "127.0.0.1:6379", "address of Redis")
	timeout := flag.Duration("redis-timeout", 0, "dial, read and write timeout of Redis; 0 for go-redis' defaults")
	flag.Parse()

	ctx, cancel := service.Signals()
	defer cancel()
	inspector := asynq.NewInspector(service.Redis(*redis, *timeout))
	defer inspector.Close()
	reg := service.Registry()
	reg.MustRegister(metrics.NewQueueMetricsCollector(inspector))
	if err := service.Serve(ctx, *listen, service.Mux(reg)); err != nil {
		slog.Error("exporter", "err", err)
		os.Exit(1)
	}
}
