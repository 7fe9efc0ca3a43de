#!/usr/bin/env bash
# Makes sure that programs are there; installs their Debian packages when it may, without starting daemons:
#   scripts/debian.sh 'what for' [--or 'another way'] PROGRAM=PACKAGE...
set -euo pipefail

purpose="$1"
shift
other_way=''
if [ "${1:-}" = --or ]; then
  other_way="$2"
  shift 2
fi
wanted=("$@")

say() { printf 'asynq-mon: %s\n' "$*" >&2; }

# Sets `missing` to the packages of the programs (or other files) that are not there.
look() {
  local pair
  missing=()
  for pair in "${wanted[@]}"; do
    command -v "${pair%=*}" >/dev/null || [ -e "${pair%=*}" ] || missing+=("${pair##*=}")
  done
  [ "${#missing[@]}" = 0 ]
}
look && exit 0

instruct() {
  say "$purpose needed. Run: sudo apt-get install ${missing[*]}"
  [ -z "$other_way" ] || say "$other_way"
  exit 2
}

command -v apt-get >/dev/null || instruct
if [ "$(id -u)" = 0 ]; then
  as_root() { "$@"; }
elif sudo -n true 2>/dev/null; then
  as_root() { sudo -n "$@"; }
else
  instruct
fi

# Debian asks this program before it starts a daemon; 101 means: do not.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
fi

say "installing the Debian packages ${missing[*]}: $purpose needed; no daemon is started"
as_root apt-get update -qq </dev/null || say "apt-get update failed; trying with the list at hand"
if ! log="$(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null 2>&1)"; then
  printf '%s\n' "$log" >&2
  instruct
fi
look || instruct
