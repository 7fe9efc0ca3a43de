#!/usr/bin/env bash
# Makes sure that the lab can run: Debian's servers and exporters, and the lab's own programs, built with Go.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/debian.sh 'the servers and exporters of the lab are' \
  prometheus=prometheus \
  prometheus-alertmanager=prometheus-alertmanager \
  redis-server=redis-server \
  redis-cli=redis-tools \
  prometheus-redis-exporter=prometheus-redis-exporter \
  prometheus-node-exporter=prometheus-node-exporter \
  setpriv=util-linux
.venv/bin/python -m lab.tools
