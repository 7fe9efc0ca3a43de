#!/usr/bin/env bash
# Builds a program of others into .tools/bin, once: install.sh sloth|jsonnet VERSION. It needs Go.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1
version=$2
case $name in
  sloth) package=github.com/slok/sloth/cmd/sloth ;;
  jsonnet) package=github.com/google/go-jsonnet/cmd/jsonnet ;;
  *) echo "bench: nobody knows how to build $name" >&2; exit 2 ;;
esac
bin="$PWD/.tools/bin"

[ -x "$bin/$name" ] && [ "$(cat "$bin/$name.version" 2>/dev/null)" = "$version" ] && exit 0
command -v go >/dev/null || { echo "bench: Go is needed to build $name: install golang-go" >&2; exit 2; }
echo "bench: building $name $version into .tools/bin (once)" >&2
mkdir -p "$bin"
work="$(mktemp -d)"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# Sloth refuses "go install module@version", so each becomes the tool of a module of its own.
cd "$work"
export GOWORK=off
go mod init bench/tool 2>/dev/null
go get -tool "$package@$version" >&2
GOBIN="$bin" go install "$package" >&2
echo "$version" >"$bin/$name.version"
