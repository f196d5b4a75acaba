# shellcheck shell=bash
# Real processes for tests and benchmarks: each on free ports, all ended at the end.

# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"
# shellcheck source=ops/clock.sh
source "$ops/clock.sh"

# A directory for all of it.
place=${BATS_FILE_TMPDIR:-$(mktemp -d)}

free_port() { "$ops/free-port.sh"; }

# Waits for a condition, at most two minutes. Only a failure takes that long.
await() { # command...
  local deadline=$(($(now_ms) + 120000))
  until "$@"; do
    (($(now_ms) < deadline)) || { printf 'still false after two minutes: %s\n' "$*" && return 1; }
    sleep 0.05
  done
}

# A zombie does not live.
lives() { # process
  local stat
  read -r stat <"/proc/$1/stat" && [[ ${stat##*) } != Z* ]]
} 2>/dev/null

dead() { ! lives "$1"; }

start() { # log command...
  local log=$1
  shift
  # bats waits until no process has its descriptor 3.
  "$@" >"$log" 2>&1 3>&- &
  echo $! >>"$place/pids"
}

end_all() {
  local pid
  while read -r pid; do
    kill "$pid" 2>/dev/null || true
  done <"$place/pids"
  while read -r pid; do
    await dead "$pid" || kill -KILL "$pid"
  done <"$place/pids"
}
