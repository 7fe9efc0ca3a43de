#!/usr/bin/env bash
# Builds Sloth, the pinned version, into .tools/bin, once. It needs Go.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v0.16.0
bin="$PWD/.tools/bin"

[ -x "$bin/sloth" ] && [ "$(cat "$bin/sloth.version" 2>/dev/null)" = "$version" ] && exit 0
command -v go >/dev/null || { echo "bench/slo: Go is needed to build Sloth: install golang-go" >&2; exit 2; }
mkdir -p "$bin"
work="$(mktemp -d)"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# Sloth refuses "go install module@version", so it becomes the tool of a module of its own.
cd "$work"
export GOWORK=off
go mod init bench/slo 2>/dev/null
go get -tool "github.com/slok/sloth/cmd/sloth@$version" >&2
GOBIN="$bin" go install github.com/slok/sloth/cmd/sloth >&2
echo "$version" >"$bin/sloth.version"
