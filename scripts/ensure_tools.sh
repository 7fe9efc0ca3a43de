#!/usr/bin/env bash
# Makes sure that promtool and amtool are there; installs Debian's when it may, without starting daemons.
set -euo pipefail

missing=()
command -v "${PROMTOOL:-promtool}" >/dev/null || missing+=(prometheus)
command -v "${AMTOOL:-amtool}" >/dev/null || missing+=(prometheus-alertmanager)
[ "${#missing[@]}" = 0 ] && exit 0

say() { printf 'asynq-mon: %s\n' "$*" >&2; }
instruct() {
  say "promtool and amtool are needed. Run: sudo apt-get install ${missing[*]}"
  say "or set PROMTOOL= and AMTOOL= to the programs"
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

say "installing the Debian packages ${missing[*]}, for promtool and amtool; no daemon is started"
as_root apt-get update -qq </dev/null || say "apt-get update failed; trying with the list at hand"
if ! log="$(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null 2>&1)"; then
  printf '%s\n' "$log" >&2
  instruct
fi
command -v "${PROMTOOL:-promtool}" >/dev/null && command -v "${AMTOOL:-amtool}" >/dev/null || instruct
