#!/usr/bin/env bash
# Runs the server on a real Redis for a moment, while the JVM records which classes it loads and which
# methods are hot. With this cache, the next start does not read and link the classes again, and
# compiles the hot methods at once.
set -Eeuo pipefail
# shellcheck source=ops/image/ask.sh
source "${BASH_SOURCE[0]%/*}/ask.sh"
cd /opt/tally

log=/tmp/training.log
trap 'cat "$log" >&2' ERR
redis-server --port 6379 --save '' --daemonize yes --logfile /dev/null >/dev/null
grep --invert-match AOTCache jvm.options >/tmp/training.options
java/bin/java @/tmp/training.options -XX:AOTCacheOutput=tally.aot -jar tally-server.jar \
  --redis-url redis://127.0.0.1:6379 --drain-timeout 2s >"$log" 2>&1 &
server=$!

until ask 8001 /readyz 2>/dev/null; do
  kill -0 "$server"
  sleep 0.1
done

# Enough handshakes for the JVM to see their methods as hot.
for ((i = 0; i < 5000; i++)); do
  exec 4<>/dev/tcp/127.0.0.1/8000
  printf '%s\r\n' 'GET /ws/chat/ HTTP/1.1' 'Host: localhost' 'Connection: Upgrade' 'Upgrade: websocket' \
    'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' 'Sec-WebSocket-Protocol: tally.v1' '' >&4
  read -r _ status _ <&4
  [[ $status == 101 ]]
  exec 4>&-
done
seq 20000 | java/bin/java -jar tally-server.jar client ws://127.0.0.1:8000/ws/chat/ >/dev/null 2>&1
ask 8001 /metrics
kill -TERM "$server"
wait "$server"
redis-cli shutdown nosave
[[ -s tally.aot ]]
# The server runs as another user, and the jar may have been built with umask 077.
chmod -R a+rX /opt/tally
