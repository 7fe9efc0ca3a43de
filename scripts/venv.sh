#!/usr/bin/env bash
# Creates .venv and installs the package into it: `scripts/venv.sh runtime|dev`.
# Does nothing, and needs no network, when what is installed belongs to these very inputs.
set -euo pipefail
cd "$(dirname "$0")/.."

what="${1:-runtime}"
venv=.venv

say() { printf 'asynq-mon: %s\n' "$*" >&2; }
die() { say "$1"; exit 2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || die "PYTHON=$PYTHON is not Python 3.11 or newer"
    echo "$PYTHON"
    return
  fi
  for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  local found
  found="$(python3 --version 2>/dev/null || echo 'no python3')"
  die "needs Python 3.11 or newer, found: $found. Install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv) or set PYTHON="
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

need_venv_module() {
  local python="$1" package
  "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
  package="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    say "installing the Debian package $package, for Python's venv module"
    as_root apt-get update -qq || say "apt-get update failed; trying with the list at hand"
    local log
    log="$(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" </dev/null 2>&1)" ||
      printf '%s\n' "$log" >&2
  fi
  "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    die "$python has no venv module. Run: sudo apt-get install $package"
}

inputs="$(cat pyproject.toml requirements-dev.txt | sha256sum | cut -d' ' -f1) $PWD"
done_for() { [ -f "$venv/.installed-$1" ] && [ "$(cat "$venv/.installed-$1")" = "$inputs" ] && new_enough "$venv/bin/python"; }

if done_for "$what"; then
  touch "$venv/.installed-$what"
  exit 0
fi
if ! new_enough "$venv/bin/python"; then
  python="$(find_python)"
  need_venv_module "$python"
  say "creating $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv" || { rm -rf "$venv"; die "could not create $venv with $python"; }
fi

if [ "$what" = dev ]; then
  target='.[dev]'
  say "installing asynq-mon-codegen (editable) and its development tools into $venv"
else
  target='.'
  say "installing asynq-mon-codegen (editable) and its runtime dependencies into $venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint requirements-dev.txt --editable "$target" </dev/null ||
  die "pip could not install; is there a network?"

# The development tools include the runtime.
for stamp in runtime "$what"; do
  printf '%s' "$inputs" >"$venv/.installed-$stamp"
done
