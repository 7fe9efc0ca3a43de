#!/usr/bin/env bash
# Builds the newest promtool, Prometheus and amtool into .tools/bin, once.
set -euo pipefail
cd "$(dirname "$0")/.."

prometheus_module=v0.316.0
prometheus_version=3.16.0
alertmanager_module=v0.34.2
alertmanager_version=0.34.2
bin="$PWD/.tools/bin"

say() { printf 'asynq-mon: %s\n' "$*" >&2; }
has() { [ -x "$bin/$1" ] && "$bin/$1" --version 2>&1 | grep -qF "version $2"; }

build() {
  local name="$1" version="$2" package="$3"
  has "$name" "$version" && return
  if ! command -v go >/dev/null; then
    say "Go is needed to build $name $version: install it from Debian (golang-go) or go.dev, then run this again"
    exit 2
  fi
  say "building $name $version into .tools/bin (some minutes, once)"
  # Not in the repository's root, so that no go.mod or go.work of ours takes part.
  (cd "$bin" && GOWORK=off GOFLAGS=-mod=mod GOBIN="$bin" go install -ldflags "-X github.com/prometheus/common/version.Version=$version" "$package") </dev/null
  has "$name" "$version" || { say "$name was built but does not say version $version"; exit 1; }
}

mkdir -p "$bin"
build promtool "$prometheus_version" "github.com/prometheus/prometheus/cmd/promtool@$prometheus_module"
build prometheus "$prometheus_version" "github.com/prometheus/prometheus/cmd/prometheus@$prometheus_module"
build amtool "$alertmanager_version" "github.com/prometheus/alertmanager/cmd/amtool@$alertmanager_module"
