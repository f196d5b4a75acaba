# shellcheck shell=bash
# What the tests of promotions use: a real Traefik and Redis on free ports, colours as processes, and
# clients that send all the time and check every count.

# shellcheck source=ops/test/processes.bash
source "$(dirname "${BASH_SOURCE[0]}")/processes.bash"
build=$ops/../server-tyrus/target

start_traefik() {
  cat >"$place/traefik.yaml" <<YAML
entryPoints:
  web:
    address: 127.0.0.1:$traefik_port
    transport:
      lifeCycle:
        graceTimeOut: 0s
providers:
  providersThrottleDuration: 100ms
  file:
    directory: $TALLY_ROUTES
    watch: true
global:
  checkNewVersion: false
  sendAnonymousUsage: false
YAML
  mkdir -p "$TALLY_ROUTES"
  "$traefik" --configFile="$place/traefik.yaml" >>"$place/traefik.log" 2>&1 3>&- &
  echo $! >"$place/traefik.pid"
  await listening "$traefik_port"
}

start_redis() {
  redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$place" --save '' \
    --appendonly yes --appendfsync everysec >>"$place/redis.log" 2>&1 3>&- &
  echo $! >"$place/redis.pid"
  await listening "$redis_port"
}

listening() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

end() { # name TERM|KILL: a process that has a pid file
  local pid
  pid=$(cat "$place/$1.pid" 2>/dev/null) || return 0
  kill "-$2" "$pid" 2>/dev/null || true
  await dead "$pid"
}

# Servers with little memory and a short drain; a benchmark has its own values. The time limits are
# long, since only a failure reaches them and a busy machine must not.
small_servers() {
  export TALLY_DRAIN_TIMEOUT=3s PROMOTE_SETTLE=1 PROMOTE_ROUTE_TIMEOUT=120 PROMOTE_STOP_TIMEOUT=120 PROMOTE_RETURN_TIMEOUT=120
  export JAVA_TOOL_OPTIONS='-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
}

setup_promotion() {
  export traefik redis_port traefik_port
  traefik=$("$ops/traefik/install.sh" --offline)
  redis_port=$(free_port)
  traefik_port=$(free_port)
  export TALLY_DRIVER=process
  export TALLY_STATE=$place/state TALLY_ROUTES=$place/routes
  export TALLY_ENTRYPOINT=http://127.0.0.1:$traefik_port
  export REDIS_URL=redis://127.0.0.1:$redis_port
  local name
  for name in TALLY_BLUE_PORT TALLY_BLUE_ADMIN_PORT TALLY_GREEN_PORT TALLY_GREEN_ADMIN_PORT; do
    export "$name=$(free_port)"
  done
  start_redis
  start_traefik
}

teardown_promotion() {
  local color pid
  for color in blue green; do
    pid=$(color_pid "$color") || continue
    kill -KILL "$pid" 2>/dev/null || true
  done
  end traefik KILL
  end redis KILL
}

# Makes a java command that misbehaves: the lines of a script that takes java's place.
release() { # name line...
  local name=$1
  shift
  printf '#!/bin/bash\n' >"$BATS_TEST_TMPDIR/$name"
  printf '%s\n' "$@" >>"$BATS_TEST_TMPDIR/$name"
  chmod +x "$BATS_TEST_TMPDIR/$name"
  printf '%s\n' "$BATS_TEST_TMPDIR/$name"
}

promote() { "$ops/promote.sh" "$@"; }

live() { probe --max-time 60 "$TALLY_ENTRYPOINT/healthz" | sed -nE 's/.*"color":"([^"]*)".*/\1/p'; }

color_pid() { cut -d ' ' -f 1 "$TALLY_STATE/$1.pid" 2>/dev/null; }

runs() { # color
  local pid
  pid=$(color_pid "$1") && lives "$pid"
}

# The colour answers, and `promote.sh status` agrees.
expect_live() { # color
  await answers_as "$1"
  await promote status
}

answers_as() { [ "$(live)" = "$1" ]; } # color

# The JDK's client has buffers of 16 KB by default, several for each socket. And on two processors it
# starts a thread for each connect, with a megabyte of the young generation for it alone, unless the
# common pool is told to have two.
client_options=(-Xmx1g -Djava.util.concurrent.ForkJoinPool.common.parallelism=2
  -Djdk.httpclient.bufsize=1024 -Djdk.httpclient.websocket.intermediateBufferSize=1024
  -Djdk.httpclient.websocket.writeBufferSize=1024)

start_clients() { # how many, each sends once every so many ms
  clients_file=$place/clients.ready
  rm -f "$clients_file"
  java "${client_options[@]}" -cp "$build/tally-server.jar:$build/test-classes" dev.tally.server.client.ManyClients \
    "ws://127.0.0.1:$traefik_port/ws/chat/" "$1" "$2" "$clients_file" >"$place/clients" 2>&1 3>&- &
  clients_pid=$!
  await test -e "$clients_file"
}

# Ends the clients. Each message must have been counted exactly once.
finish_clients() {
  local status=0
  rm "$clients_file"
  wait "$clients_pid" || status=$?
  cat "$place/clients"
  [ "$status" -eq 0 ]
  grep --quiet 'lost 0, duplicated 0, out of order 0, gave up 0' "$place/clients"
}
