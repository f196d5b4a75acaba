#!/usr/bin/env bash
# Checks that `make run` starts, counts and drains.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"
cd "$ops/.."

jar=server-tyrus/target/tally-server.jar
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
# Long, since only a failure waits for it.
readonly patience=120
log=$(mktemp)
make_pid=''

# shellcheck disable=SC2317 # called by the trap
finish() {
  local pid
  if [[ -n $make_pid ]]; then
    for pid in $(pgrep -P "$make_pid") "$make_pid"; do
      kill -KILL "$pid" 2>/dev/null || true
    done
  fi
  rm -f "$log"
}
trap finish EXIT

fail() {
  printf 'smoke: %s; the server said:\n' "$1" >&2
  cat "$log" >&2
  exit 1
}

await_ready() { # prints the port
  local deadline=$((SECONDS + patience)) port
  until port=$(sed -nE 's/.*"event":"ready","port":([0-9]+).*/\1/p' "$log") && [[ -n $port ]]; do
    kill -0 "$make_pid" 2>/dev/null || fail 'make run ended before it was ready'
    ((SECONDS < deadline)) || fail "make run was not ready within $patience s"
    sleep 0.1
  done
  printf '%s\n' "$port"
}

http_status() { # port path
  probe --max-time "$patience" --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$1$2" || true
}

make --no-print-directory build
[[ -s ${jar%.jar}.jsa ]] || fail 'make build left no archive of classes'
admin_port=$(ops/free-port.sh)
make --no-print-directory run ARGS="--host 127.0.0.1 --port 0 --admin-port $admin_port --log-format json" >"$log" 2>&1 &
make_pid=$!
port=$(await_ready)
[[ $(http_status "$port" /readyz) == 200 ]] || fail '/readyz did not answer 200'
[[ $(http_status "$admin_port" /metrics) == 200 ]] || fail '/metrics on the admin port did not answer 200'

counts=$(printf 'one\ntwo\n' | timeout "$patience" "$java" -jar "$jar" client "ws://127.0.0.1:$port/ws/chat/") ||
  fail "the client ended with exit code $?"
[[ $counts == $'1\n2' ]] || fail "two messages were answered with '$counts'"

# The recipe becomes the server: it is make's only child.
kill -TERM "$(pgrep -P "$make_pid")"
timeout "$patience" tail --pid="$make_pid" -f /dev/null || fail "the server did not end within $patience s of SIGTERM"
status=0
wait "$make_pid" || status=$?
make_pid=''
((status == 0)) || fail "make run ended with exit code $status after SIGTERM"
printf 'smoke: make run came up, counted 1 and 2, and drained\n'
