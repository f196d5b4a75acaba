#!/usr/bin/env bash
# Promotions one after the other under thousands of clients that keep sending and check every count:
#   ops/test/bench-promote.sh [promotions] [clients] [milliseconds between a client's messages]
# Prints each promotion's ledger and the clients' own. Exit code 0 if nothing was lost or duplicated.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

promotions=${1:-20} clients=${2:-5000} interval=${3:-5000}

# shellcheck source=ops/test/promotion.bash
source "$ops/test/promotion.bash"
# The optimizing compiler would use both cores while both colours have just started.
export JAVA_TOOL_OPTIONS='-Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1'
# With these, 5,000 clients move at 500 a second, the slowest rate of a drain, and not at 625: the clients,
# Traefik, Redis and both colours share two cores. The overlap allows for moments when that is too fast.
export TALLY_DRAIN_TIMEOUT=${TALLY_DRAIN_TIMEOUT:-15s} TALLY_DRAIN_OVERLAP=${TALLY_DRAIN_OVERLAP:-5s}
export PROMOTE_STOP_TIMEOUT=${PROMOTE_STOP_TIMEOUT:-25}
# If the clients used new memory or collected garbage during a promotion, that would slow it down.
client_options+=(-Xms2500m -Xmx2500m -Xmn128m -XX:+AlwaysPreTouch)
clients_pid=''

# shellcheck disable=SC2317 # called by the trap
finish() {
  [[ -z $clients_pid ]] || kill -KILL "$clients_pid" 2>/dev/null || true
  teardown_promotion
  rm -rf "$place"
}
trap finish EXIT

setup_promotion
"$ops/promote.sh" 2>/dev/null
start_clients "$clients" "$interval"
for ((i = 1; i <= promotions; i++)); do
  began=${EPOCHREALTIME/[.,]/}
  "$ops/promote.sh" >"$place/ledger" 2>"$place/said" || {
    cat "$place/said" "$place/ledger"
    exit 1
  }
  printf '%2d: %s; the promotion took %d ms\n' "$i" "$(<"$place/ledger")" $(((${EPOCHREALTIME/[.,]/} - began) / 1000))
done
finish_clients
