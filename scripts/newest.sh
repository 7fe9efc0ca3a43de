#!/usr/bin/env bash
# Builds into .tools/bin, once: the newest promtool, Prometheus and amtool, and VictoriaMetrics, which speaks the same API.
set -euo pipefail
cd "$(dirname "$0")/.."

prometheus_module=v0.316.0
prometheus_version=3.16.0
alertmanager_module=v0.34.2
alertmanager_version=0.34.2
victoria_metrics_version=v1.151.0
bin="$PWD/.tools/bin"

say() { printf 'asynq-mon: %s\n' "$*" >&2; }
has() { [ -x "$bin/$1" ] && "$bin/$1" --version 2>&1 | grep -qwF "$2"; }

# A build by Go alone knows no version; it goes into the variable from which the program takes it.
build() {
  local name="$1" version="$2" package="$3" variable="${4:-github.com/prometheus/common/version.Version}"
  has "$name" "$version" && return
  if ! command -v go >/dev/null; then
    say "Go is needed to build $name $version: install it from Debian (golang-go) or go.dev, then run this again"
    exit 2
  fi
  say "building $name $version into .tools/bin (some minutes, once)"
  # Not in the repository's root, so that no go.mod or go.work of ours takes part.
  (cd "$bin" && GOWORK=off GOFLAGS=-mod=mod GOBIN="$bin" go install -ldflags "-X $variable=$version" "$package") </dev/null
  has "$name" "$version" || { say "$name was built but does not say version $version"; exit 1; }
}

mkdir -p "$bin"
build promtool "$prometheus_version" "github.com/prometheus/prometheus/cmd/promtool@$prometheus_module"
build prometheus "$prometheus_version" "github.com/prometheus/prometheus/cmd/prometheus@$prometheus_module"
build amtool "$alertmanager_version" "github.com/prometheus/alertmanager/cmd/amtool@$alertmanager_module"
build victoria-metrics "$victoria_metrics_version" \
  "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@$victoria_metrics_version" \
  github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version
