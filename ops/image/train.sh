#!/usr/bin/env bash
# A short life of the server on a real Redis, while the JVM writes down which classes it loads and
# what it learns of their methods: the cache lets the next one start without reading and linking
# them again, and compile what matters at once.
set -Eeuo pipefail
cd /opt/tally

log=/tmp/training.log
trap 'cat "$log" >&2' ERR
redis-server --port 6379 --save '' --daemonize yes --logfile /dev/null >/dev/null
grep --invert-match AOTCache jvm.options >/tmp/training.options
java/bin/java @/tmp/training.options -XX:AOTCacheOutput=tally.aot -jar tally-server.jar \
  --redis-url redis://127.0.0.1:6379 --drain-timeout 2s >"$log" 2>&1 &
server=$!

ask() { # path
  exec 3<>/dev/tcp/127.0.0.1/8001
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
  grep --quiet '^HTTP/1.. 200' <&3
}
until (ask /readyz) 2>/dev/null; do
  kill -0 "$server"
  sleep 0.1
done

# As many as it takes for what a handshake runs through to be known as hot.
for ((i = 0; i < 5000; i++)); do
  exec 4<>/dev/tcp/127.0.0.1/8000
  printf '%s\r\n' 'GET /ws/chat/ HTTP/1.1' 'Host: localhost' 'Connection: Upgrade' 'Upgrade: websocket' \
    'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' 'Sec-WebSocket-Protocol: tally.v1' '' >&4
  read -r _ status _ <&4
  [[ $status == 101 ]]
  exec 4>&-
done
seq 20000 | java/bin/java -jar tally-server.jar client ws://127.0.0.1:8000/ws/chat/ >/dev/null 2>&1
(ask /metrics)
kill -TERM "$server"
wait "$server"
redis-cli shutdown nosave
[[ -s tally.aot ]]
# The server runs as another user, also where the jar was built with umask 077.
chmod -R a+rX /opt/tally
