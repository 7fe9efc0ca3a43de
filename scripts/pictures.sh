#!/usr/bin/env bash
# Pages and pictures of the default declaration's dashboards; two of them are the README's.
set -euo pipefail
cd "$(dirname "$0")/.."
draw() { .venv/bin/asynq-mon preview -c asynq_mon_codegen/default/monitoring.py --png "$@"; }
draw --out build/preview --theme both --strict
draw --out build/preview/images --dashboard asynq-overview >/dev/null
draw --out build/preview/images --dashboard asynq-queue --var queue=emails >/dev/null
mkdir -p docs/images
cp build/preview/images/asynq-overview.png docs/images/overview.png
cp build/preview/images/asynq-queue.png docs/images/queue.png
