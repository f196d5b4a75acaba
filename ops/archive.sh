#!/usr/bin/env bash
# Makes a class archive (CDS), with which the server is ready in 60 % of the time: runs the server once
# to record which classes it loads, then lets the JVM write them to a file. An archive fits one JDK and
# one jar; with any other, JDK 17 starts without it and says nothing.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

# shellcheck source=ops/clock.sh
source "$ops/clock.sh"
# shellcheck source=ops/image/ask.sh
source "$ops/image/ask.sh"

usage() {
  cat <<'USAGE'
Usage: ops/archive.sh JAR ARCHIVE [JVM-OPTION...]

  JAR         the server; start it by the same path later
  ARCHIVE     the file to make, for -XX:SharedArchiveFile
  JVM-OPTION  the options that the server will run with

JAVA_HOME chooses the JDK. Exit codes: 0 made, 1 failed, 2 wrong usage.
USAGE
}

fail() {
  printf 'archive: %s\n' "$1" >&2
  exit 1
}

# Runs the server for a moment: ready, a page, two messages, drain. Its log is the only output.
train() { # classes jar option...
  local classes=$1 jar=$2 log=$1.log path port admin_port deadline=$(($(now_ms) + 180000))
  shift 2
  : >"$log"
  admin_port=$("$ops/free-port.sh")
  # An empty environment: settings such as REDIS_URL are for the real server, not for this one.
  env --ignore-environment "$java" -Xshare:off "-XX:DumpLoadedClassList=$classes" "$@" -jar "$jar" --host 127.0.0.1 --port 0 \
    --admin-port "$admin_port" --log-format json --log-level info >"$log" 2>&1 &
  server=$!
  until port=$(sed -nE 's/.*"event":"ready","port":([0-9]+).*/\1/p' "$log") && [[ -n $port ]]; do
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(tail -n 1 "$log")"
    (($(now_ms) < deadline)) || fail 'the server was not ready within 180 s'
    sleep 0.1
  done
  for path in /readyz /; do
    ask "$port" "$path" || fail "the server did not answer $path"
  done
  for path in /readyz /metrics; do
    ask "$admin_port" "$path" || fail "the admin port did not answer $path"
  done
  seq 2 | timeout 180 "$java" -jar "$jar" client "ws://127.0.0.1:$port/ws/chat/" >>"$log" 2>&1 ||
    fail "two messages were not counted: $(tail -n 1 "$log")"
  kill -TERM "$server"
  wait "$server" || fail "the server ended with exit code $?"
  server=''
}

main() {
  if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    usage
    return
  fi
  if (($# < 2)); then
    usage >&2
    exit 2
  fi
  local jar=$1 archive=$2
  shift 2
  [[ -r $jar ]] || fail "there is no $jar"

  train "$work/classes" "$jar" "$@"
  timeout 180 "$java" -Xshare:dump "-XX:SharedClassListFile=$work/classes" "-XX:SharedArchiveFile=$work/archive" \
    "$@" -cp "$jar" >"$work/dump.log" 2>&1 || fail "the JVM could not write it: $(tail -n 1 "$work/dump.log")"
  mv -f "$work/archive" "$archive"
}

java=java
[[ -z ${JAVA_HOME:-} ]] || java=$JAVA_HOME/bin/java
server=''
work=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
finish() {
  [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
main "$@"
