#!/usr/bin/env bats
# ops/traefik/traefik.yaml in a real Traefik with a real server, and the route that promote.sh writes.

bats_require_minimum_version 1.5.0

load processes

setup_file() {
  export ops=$BATS_TEST_DIRNAME/.. jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar
  export web admin log=$BATS_FILE_TMPDIR/traefik.log
  local chat metrics
  web=127.0.0.1:$(free_port) admin=127.0.0.1:$(free_port) chat=127.0.0.1:$(free_port) metrics=127.0.0.1:$(free_port)

  start /dev/null java -jar "$jar" --host 127.0.0.1 --port "${chat#*:}" --admin-port "${metrics#*:}" --color green \
    --trusted-proxies 127.0.0.1 --handshake-rate-per-address 10

  driver_address() { echo "$chat"; }
  driver_admin_address() { echo "$metrics"; }
  TALLY_ROUTES=$BATS_FILE_TMPDIR/dynamic
  # shellcheck source=ops/promote/route.sh
  source "$ops/promote/route.sh"
  route_write green

  sed -e "s/\":8080\"/$web/" -e "s/\":8082\"/$admin/" -e "s#/etc/traefik/dynamic#$TALLY_ROUTES#" \
    "$ops/traefik/traefik.yaml" >"$BATS_FILE_TMPDIR/traefik.yaml"
  start "$log" "$(traefik)" --configFile="$BATS_FILE_TMPDIR/traefik.yaml"
  await probe --fail --output /dev/null "http://$web/readyz"
}

teardown_file() { end_all; }

traefik() { "$ops/traefik/install.sh" --offline; }

client() { java -jar "$jar" client "$@" "ws://$web/ws/chat/"; }

@test "the entry point has the chat, the page, health and the live colour's metrics" {
  [ "$(seq 3 | client 2>/dev/null)" = $'1\n2\n3' ]
  probe --fail "http://$web/" | grep --quiet '<title>Tally'
  probe --fail "http://$web/healthz" | grep --quiet '"color":"green"'
  probe --fail "http://$web/metrics" | grep --quiet '^chat_build_info{.*color="green"'
}

# Lines are written when a connection ends; an upgraded one has status 0.
logged() { # how many, with which status
  (($(grep --count "\"OriginStatus\":$2,.*\"RouterName\":\"chat@file\"" "$log") == $1))
}

@test "the access log has no session id" {
  local id
  id=$(echo x | client 2>&1 >/dev/null | sed -nE 's/.*session ([0-9a-f-]{36}).*/\1/p')
  [ "$(echo x | client --session "$id" 2>/dev/null)" = 2 ]
  probe --output /dev/null --header "X-Session-Id: $id" --referer "http://$web/?session_id=$id" \
    "http://$web/ws/chat/?session_id=$id"
  # One client of the test above, two of this one.
  await logged 3 0
  await logged 1 400
  run ! grep --fixed-strings -e "$id" -e session_id "$log"
}

# A handshake that breaks a rule counts too.
handshake_from() { # address, and the address that it claims to forward from
  probe --interface "$1" --header "X-Forwarded-For: $2" --output /dev/null --write-out '%{http_code}' "http://$web/ws/chat/"
}

@test "each client has a limit of its own, and cannot make addresses up" {
  local i answer
  for i in {1..100}; do
    answer=$(handshake_from 127.0.0.2 "203.0.113.$i")
    [[ $answer == 400 ]] || break
  done
  [ "$answer" = 429 ]
  [ "$(handshake_from 127.0.0.3 203.0.113.1)" = 400 ]
}

@test "Traefik answers its health check, and Prometheus" {
  run -0 "$(traefik)" healthcheck --configFile="$BATS_FILE_TMPDIR/traefik.yaml"
  probe --fail "http://$admin/metrics" | grep --quiet '^traefik_entrypoint_requests_total'
}

@test "the stack runs the release that the tests run" {
  run grep --only-matching --extended-regexp 'v3\.[0-9]+\.[0-9]+' "$ops/traefik/install.sh"
  grep --quiet "image: traefik:${lines[0]}$" "$ops/compose.yaml"
}
