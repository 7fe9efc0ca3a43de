#!/usr/bin/env bash
# Makes sure that promtool, amtool and a browser with a font are there.
set -euo pipefail
here="$(dirname "$0")"
"$here/debian.sh" 'promtool and amtool are' --or 'or set PROMTOOL= and AMTOOL= to the programs' \
  "${PROMTOOL:-promtool}=prometheus" "${AMTOOL:-amtool}=prometheus-alertmanager"
# a browser draws no letters without a font, and Debian's recommends none
browser="${CHROMIUM:-$(command -v chromium chromium-browser google-chrome google-chrome-stable | head -n 1 || true)}"
exec "$here/debian.sh" 'a browser and a font for previews are' --or 'or set CHROMIUM= to Chromium or Chrome' \
  "${browser:-chromium}=chromium" /usr/share/fonts/truetype=fonts-dejavu-core
