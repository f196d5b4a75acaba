#!/usr/bin/env bash
# Shows the main figures of each server, with rates, and the last warnings and errors, on one screen.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

interval=2
driver=${TALLY_DRIVER:-compose}
once=''
instances=()

# shellcheck source=ops/clock.sh
source "$ops/clock.sh"

usage() {
  cat <<'USAGE'
Usage: ops/monitor.sh [--once] [--interval SECONDS] [--driver compose|process | ADMIN_ADDRESS[=LOG]...]

Watches both colours, as ops/promote.sh starts them, or the servers whose admin address (such as
127.0.0.1:8001) is given, each with its log file if it has one. Rates and quantiles are of the time
since the last refresh.

  --once              print one screen, after one interval, and end
  --interval SECONDS  between two refreshes; 2 by default
  --driver            compose: the containers of ops/compose.yaml (default); process: java -jar here

Exit codes: 0 ended by the user or --once, 1 no server to watch, or none answers --once, 2 wrong usage.
USAGE
}

# An instance is an address, or a container's name.
metrics() { # instance
  if [[ $1 == *:* ]]; then
    probe --max-time 2 "http://${1%%=*}/metrics" || true
  else
    docker exec "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8001; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' 2>/dev/null || true
  fi
}

recent_log() { # instance
  if [[ $1 != *:* ]]; then
    docker logs --tail 1000 "$1" 2>&1 || true
  elif [[ $1 == *=* ]]; then
    tail -n 1000 "${1#*=}" 2>/dev/null || true
  fi
}

# Warnings and errors, of either log format, as: time level instance message.
complaints() { # instance
  local name=${1%%=*}
  recent_log "$1" | tr -d '\000-\010\013-\037' | sed -nE \
    -e "s/.*\"timestamp\":\"[^\"]*T([0-9:]{8})[^\"]*\",\"level\":\"(WARN|ERROR)\".*\"message\":\"(([^\"\\\\]|\\\\.)*)\".*/\1 \2 $name: \3/p" \
    -e "s/^([0-9:]{8})\.[0-9]+ (WARN|ERROR) +/\1 \2 $name: /p"
}

# The instances of both colours. Read again for each screen, since a promotion changes them.
running() {
  local color
  if [[ $driver == process ]]; then
    for color in blue green; do
      if driver_alive "$color"; then
        printf '%s=%s\n' "$(driver_admin_address "$color")" "$state/$color.log"
      fi
    done
    return
  fi
  "$ops/compose.sh" ps --quiet app_blue app_green 2>/dev/null |
    xargs --no-run-if-empty docker inspect --format '{{if .State.Running}}{{.Name}}{{end}}' | sed -n 's,^/,,p'
}

scrape() { # directory instance...
  local directory=$1 instance
  shift
  mkdir -p "$directory"
  for instance in "$@"; do
    metrics "$instance" >"$directory/${instance%%=*}" &
  done
  wait
}

labels() {
  printf '%s\n' '' state version connections 'messages/s' 'acknowledged/s' 'ack p50 / p99, ms' pending \
    'sessions/s' 'closes/s' 'errors/s' 'store, commit p99 ms / batch' 'sessions that wait' 'unsent' 'CPU, memory' 'file descriptors'
}

screen() { # seconds instance...
  local seconds=$1 instance name columns=()
  shift
  labels >"$work/labels"
  for instance in "$@"; do
    name=${instance%%=*}
    touch "$work/before/$name"
    { echo "$name" && awk -v seconds="$seconds" -f "$ops/monitor.awk" "$work/before/$name" "$work/now/$name"; } >"$work/column.$name"
    columns+=("$work/column.$name")
  done
  printf 'Tally at %(%H:%M:%S)T, over %s s\n\n' -1 "$seconds"
  paste -d '|' "$work/labels" "${columns[@]}" |
    awk -F '|' '{ printf "%-29s", $1; for (i = 2; i <= NF; i++) printf " %-26s", $i; print "" }'
  printf '\nLast warnings and errors\n'
  for instance in "$@"; do
    complaints "$instance"
  done | sort | tail -n "$complaints" | cut -c "1-$width"
}

answered() { # fails if no instance answered the last scrape
  [[ -n $(find "$work/now" -type f -size +0 -print -quit) ]] || {
    printf 'monitor: no answer from %s\n' "${instances[*]%%=*}" >&2
    return 1
  }
}

nothing_to_watch() {
  if [[ $driver == process ]] || docker info >/dev/null 2>&1; then
    printf 'monitor: no colour runs; see ops/monitor.sh --help\n' >&2
  else
    printf 'monitor: no Docker engine answers; docker info says why\n' >&2
  fi
  exit 1
}

watch() {
  local at last=0 text
  while true; do
    if ((${#given[@]} == 0)); then
      mapfile -t instances < <(running)
    fi
    ((${#instances[@]} > 0)) || nothing_to_watch
    scrape "$work/now" "${instances[@]}"
    at=$(now_ms)
    if ((last > 0)); then
      text=$(screen "$(awk -v ms=$((at - last)) 'BEGIN { printf "%.1f", ms / 1e3 }')" "${instances[@]}")
      if [[ -n $once ]]; then
        printf '%s\n' "$text"
        answered
        return
      fi
      # Home, the text with each line's rest erased, then the rest of the screen: no flicker.
      printf '\033[H%s\033[K\n\033[J' "${text//$'\n'/$'\033[K\n'}"
    fi
    last=$at
    rm -rf "$work/before"
    mv "$work/now" "$work/before"
    sleep "$interval"
  done
}

given=()
while (($# > 0)); do
  case $1 in
    --once) once=yes ;;
    --interval) interval=${2:-} && shift ;;
    --driver) driver=${2:-} && shift ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) given+=("$1") ;;
  esac
  shift || { usage >&2 && exit 2; }
done
[[ $interval =~ ^[0-9]+(\.[0-9]+)?$ && $interval =~ [1-9] ]] || {
  printf "monitor: the interval must be a number of seconds above 0, not '%s'\n" "$interval" >&2
  exit 2
}
[[ $driver =~ ^(compose|process)$ ]] || {
  printf "monitor: the driver is compose or process, not '%s'\n" "$driver" >&2
  exit 2
}
for instance in "${given[@]}"; do
  [[ $instance =~ ^[^=/:]+:[0-9]+(=.+)?$ ]] || {
    printf "monitor: an admin address is host:port, with =LOG behind it or not, not '%s'\n" "$instance" >&2
    exit 2
  }
done
instances=("${given[@]}")
# shellcheck source=ops/promote/process.sh
[[ $driver != process ]] || source "$ops/promote/process.sh"

# As much as fits on the terminal below the table. Without a terminal, lines may be long.
width=1000
complaints=10
if [[ -t 1 ]]; then
  width=$(tput cols)
  complaints=$(($(tput lines) - 22))
  ((complaints > 2)) || complaints=2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 0' INT TERM
watch
