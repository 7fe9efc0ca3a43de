// Package service holds what the programs of the lab share: connections to Redis, a registry of
// metrics, and an HTTP server that ends with the process.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Redis returns the options of a connection; a timeout of 0 keeps go-redis' defaults.
func Redis(addr string, timeout time.Duration) asynq.RedisClientOpt {
	return asynq.RedisClientOpt{Addr: addr, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout}
}

// Registry returns a registry with the collectors of the Go runtime and of the process.
func Registry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return reg
}

// Mux returns a mux that serves the registry on /metrics and answers /healthz while the process lives.
func Mux(reg *prometheus.Registry) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true, DisableCompression: true}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

// Signals returns a context that ends with SIGTERM or an interrupt.
func Signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// Serve listens on addr until ctx ends; it returns early only if it cannot listen.
func Serve(ctx context.Context, addr string, handler http.Handler) error {
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("listening", "addr", addr)
	select {
	case err := <-failed:
		return fmt.Errorf("listen on %s: %w", addr, err)
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
