#!/usr/bin/env bash
# Makes sure that promtool and amtool are there.
set -euo pipefail
exec "$(dirname "$0")/debian.sh" 'promtool and amtool are' --or 'or set PROMTOOL= and AMTOOL= to the programs' \
  "${PROMTOOL:-promtool}=prometheus" "${AMTOOL:-amtool}=prometheus-alertmanager"
