#!/usr/bin/env bash
# Prints a port that nothing listens on at 127.0.0.1. It is below the range from which the kernel takes
# ports for connections, and reserved for an hour, so tests that run at the same time get different ones.
# RedisServer.java, which the tests in Java use, does the same.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

readonly reserved=/tmp/tally-ports-$UID

mkdir -p "$reserved"
find "$reserved" -type f -mmin +60 -delete 2>/dev/null || true
for ((attempt = 0; attempt < 1000; attempt++)); do
  port=$((20000 + RANDOM % 12000))
  # If two processes try it at the same time, only one succeeds.
  if (set -o noclobber && : >"$reserved/$port") 2>/dev/null && ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    printf '%s\n' "$port"
    exit
  fi
done
printf 'free-port: no free port found; can %s be written?\n' "$reserved" >&2
exit 1
