# shellcheck shell=bash
# Durations. EPOCHREALTIME and SECONDS go by the time of day: to set the machine's clock would end
# each wait at once, or prolong it.

# Milliseconds since the boot, in steps of 10.
now_ms() {
  local uptime
  read -r uptime _ </proc/uptime && echo "$((10#${uptime/./} * 10))"
}
