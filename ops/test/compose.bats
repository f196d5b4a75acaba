#!/usr/bin/env bats
# The real compose stack, if there is a Docker engine and the ports are free. The images come from a
# registry, or from images.sh if no registry can be reached. The project has a name of its own.

bats_require_minimum_version 1.5.0

load ../shell.sh

setup_file() {
  export ops=$BATS_TEST_DIRNAME/.. reason=''
  export jar=$ops/../server-tyrus/target/tally-server.jar
  export COMPOSE_PROJECT_NAME=tally-test-$$ TALLY_ROUTES=$BATS_FILE_TMPDIR/routes
  export TALLY_BLUE_IMAGE=$COMPOSE_PROJECT_NAME:blue TALLY_GREEN_IMAGE=$COMPOSE_PROJECT_NAME:green
  export TALLY_CONSUMER_IMAGE=$COMPOSE_PROJECT_NAME:consumer
  reason=$(cannot_start)
  [[ -n $reason ]] || "$ops/dev.sh" up >"$BATS_FILE_TMPDIR/up" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/up"
    false
  }
}

teardown_file() {
  [[ -n $reason ]] || "$ops/dev.sh" down >/dev/null 2>&1
  [[ -n $reason ]] || docker images --quiet "$COMPOSE_PROJECT_NAME*" | xargs --no-run-if-empty docker rmi --force >/dev/null 2>&1 || true
}

setup() {
  [[ -z $reason ]] || skip "$reason"
}

# Prints the reason why the stack cannot be tested; nothing if it can.
cannot_start() {
  local port
  if ! command -v docker >/dev/null || ! docker info >/dev/null 2>&1; then
    echo 'no Docker engine is at hand'
    return
  fi
  if ! docker compose version >/dev/null 2>&1 && ! command -v docker-compose >/dev/null; then
    echo 'Docker is here without compose'
    return
  fi
  [[ -r $jar ]] || { echo 'the jar is not built' && return; }
  for port in 80 3000 9090; do
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "port $port is in use"
      return
    fi
  done
  images_at_hand >"$BATS_FILE_TMPDIR/images" 2>&1 || tail -n 1 "$BATS_FILE_TMPDIR/images"
}

images_at_hand() {
  local image
  while read -r image; do
    if ! docker image inspect "$image" >/dev/null 2>&1 && ! timeout 300 docker pull --quiet "$image"; then
      TRAEFIK=${TRAEFIK:-$("$ops/traefik/install.sh" --offline)} "$ops/test/images.sh"
      return
    fi
  done < <(sed -nE 's/^ *(image:|FROM) ([a-z][^ $]*:[^ ]+).*/\2/p' "$ops/compose.yaml" "$ops/Dockerfile" "$ops/consumer/Dockerfile" | sort --unique)
}

compose() { "$ops/compose.sh" "$@"; }
container() { compose ps --quiet "$1" | head -n 1; }

# Counts that come back, one a line; the session's id and the ledger on the standard error.
client() { java -jar "$jar" client "$@" ws://127.0.0.1/ws/chat/; }

new_session() { # prints its id
  seq "$1" | client 2>&1 >/dev/null | sed -nE 's/.*session ([0-9a-f-]{36}).*/\1/p'
}

up() { # what Prometheus has an answer of, by job and colour
  probe --get --data-urlencode 'query=count by (job, color) (up == 1)' http://127.0.0.1:9090/api/v1/query
}

ours() { # containers, networks and volumes of the project
  local label=label=com.docker.compose.project=$COMPOSE_PROJECT_NAME
  docker ps --all --quiet --filter "$label"
  docker network ls --quiet --filter "$label"
  docker volume ls --quiet --filter "$label"
}

@test "one colour comes up, and all around it gets healthy" {
  [ -z "$(compose ps --quiet app_green)" ]
  for service in app_blue traefik redis consumer prometheus alertmanager grafana; do
    run docker inspect --format '{{.State.Health.Status}}' "$(container "$service")"
    [ "$output" = healthy ]
  done
}

@test "only ports 80, 3000 and 9090 are open, on loopback" {
  run docker ps --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --format '{{.Ports}}'
  [ "$(grep --only-matching --extended-regexp '[0-9.:]+->' <<<"$output" | sort)" = $'127.0.0.1:3000->\n127.0.0.1:80->\n127.0.0.1:9090->' ]
}

@test "Prometheus finds Traefik, and the colour that runs by its name" {
  local deadline=$((SECONDS + 60))
  until run up && [[ $output == *'{"color":"blue","job":"tally"}'* && $output == *'{"job":"traefik"}'* ]]; do
    ((SECONDS < deadline)) || { echo "$output" && false; }
    sleep 1
  done
  [[ $output != *green* ]]
}

@test "port 80 counts, and has the page, health and the live colour's metrics" {
  [ "$(seq 3 | client 2>/dev/null)" = $'1\n2\n3' ]
  probe --fail http://127.0.0.1/ | grep --quiet '<title>Tally'
  probe --fail http://127.0.0.1/healthz | grep --quiet '"color":"blue"'
  probe --fail http://127.0.0.1/readyz | grep --quiet '"status":"ready"'
  probe --fail http://127.0.0.1/metrics | grep --quiet '^chat_build_info{.*color="blue"'
}

@test "the consumer acts on each message of a session once, in order" {
  local id deadline=$((SECONDS + 60))
  id=$(new_session 3)
  until run compose exec -T consumer python -c "import sqlite3
for row in sqlite3.connect('/data/inbox.db').execute('SELECT n, text FROM inbox WHERE session = ? ORDER BY rowid', ('$id',)): print(*row)" &&
    [[ $output == $'1 1\n2 2\n3 3' ]]; do
    ((SECONDS < deadline)) || { echo "$output" && false; }
    sleep 1
  done
}

@test "the server is no root, writes nothing, and can open 20000 files" {
  local blue
  blue=$(container app_blue)
  run docker exec "$blue" cat /proc/1/status
  [[ $output =~ Uid:[[:space:]]+65532[[:space:]]+65532 ]]
  [[ $output =~ CapBnd:[[:space:]]+0+$'\n' ]]
  run docker exec "$blue" grep 'open files' /proc/1/limits
  [[ $output =~ 20000[[:space:]]+20000 ]]
  run ! docker exec "$blue" bash -c 'echo >/opt/tally/x'
}

@test "the image prints what it is asked for, and nothing else" {
  run docker run --rm "$TALLY_BLUE_IMAGE" --version
  [[ ${#lines[@]} -eq 1 && ${lines[0]} =~ ^tally-server\ .*Java\ 25$ ]]
}

@test "the image adds so little to Debian's, which has 75 MB, that both stay below 200 MB" {
  local base image added
  base=$(docker image inspect --format '{{.Size}}' "$(sed -nE 's/^FROM (debian:.*)/\1/p' "$ops/Dockerfile")")
  image=$(docker image inspect --format '{{.Size}}' "$TALLY_BLUE_IMAGE")
  added=$((image - base))
  printf 'bytes added: %d\n' "$added"
  ((added > 10000000 && added < 120000000))
}

@test "Redis keeps every write and evicts nothing" {
  run docker exec "$(container redis)" redis-cli config get 'append[of]*s*y*'
  [[ $output == *everysec* ]]
  run docker exec "$(container redis)" redis-cli config get appendonly
  [[ $output == *yes ]]
  run docker exec "$(container redis)" redis-cli config get maxmemory-policy
  [[ $output == *noeviction ]]
}

@test "a session hops between two instances of a colour, and its count goes on" {
  compose up --detach --no-recreate --scale app_blue=2 app_blue
  local id count opened=1
  id=$(new_session 1)
  for ((count = 2; count <= 40; count++)); do
    [ "$(echo x | client --session "$id" 2>/dev/null)" = "$count" ]
    opened=$(compose logs --no-color app_blue | grep '"event":"resume"' | cut -d '|' -f 1 | sort --unique | wc --lines)
    ((opened < 2)) || break
  done
  [ "$opened" -eq 2 ]
  compose up --detach --no-recreate --scale app_blue=1 app_blue
}

@test "Traefik's access log has no session id" {
  local id
  id=$(new_session 1)
  echo x | client --session "$id"
  probe --output /dev/null --header "X-Session-Id: $id" --referer "http://127.0.0.1/?session_id=$id" \
    "http://127.0.0.1/ws/chat/?session_id=$id"
  run compose logs --no-color traefik
  [[ $output == *'"OriginStatus":'* ]]
  [[ $output != *"$id"* ]]
  [[ $output != *session_id* ]]
}

@test "a promotion moves live clients, and loses nothing" {
  local clients=() n
  for n in 1 2 3; do
    until [[ -e $BATS_TEST_TMPDIR/enough ]]; do
      echo x
      sleep 0.1
    done | client >"$BATS_TEST_TMPDIR/$n" 2>"$BATS_TEST_TMPDIR/$n.told" &
    clients+=($!)
  done
  for n in 1 2 3; do
    until [[ -s $BATS_TEST_TMPDIR/$n ]]; do sleep 0.1; done
  done
  run "$ops/promote.sh" --driver compose --to green
  touch "$BATS_TEST_TMPDIR/enough"
  [ "$status" -eq 0 ]
  [[ $output == *'moved 3, lost 0, duplicated 0'* ]]
  probe --fail http://127.0.0.1/healthz | grep --quiet '"color":"green"'
  probe --fail http://127.0.0.1/metrics | grep --quiet '^chat_build_info{.*color="green"'
  for n in "${clients[@]}"; do
    wait "$n"
  done
  for n in 1 2 3; do
    [ "$(cat "$BATS_TEST_TMPDIR/$n")" = "$(seq "$(wc --lines <"$BATS_TEST_TMPDIR/$n")")" ]
  done
  [ -z "$(docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter label=com.docker.compose.service=app_blue)" ]
}

@test "dev-up after a promotion leaves all as it is" {
  local before
  before=$(ours | sort)
  run "$ops/dev.sh" up
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'dev: green is live'* ]]
  [ "$(ours | sort)" = "$before" ]
}

image_of() { docker inspect --format '{{.Image}}' "$(compose ps --all --quiet "$1")"; }

@test "a colour that Docker starts again after the switch is switched back, and the release before it can be rolled back to" {
  local before promotion status=0
  before=$(image_of app_blue)
  docker build --quiet --tag "$COMPOSE_PROJECT_NAME:other" - <<<"FROM $TALLY_BLUE_IMAGE"$'\nLABEL release=other'
  TALLY_BUILD=no TALLY_BLUE_IMAGE=$COMPOSE_PROJECT_NAME:other PROMOTE_SETTLE=60 \
    "$ops/promote.sh" --driver compose --to blue >"$BATS_TEST_TMPDIR/told" 2>&1 3>&- &
  promotion=$!
  until grep --quiet 'Traefik answers as blue' "$BATS_TEST_TMPDIR/told"; do
    kill -0 "$promotion"
    sleep 0.1
  done
  [ "$(image_of app_blue)" != "$before" ]
  # From outside, as the kernel does it when memory runs out.
  kill -KILL "$(docker inspect --format '{{.State.Pid}}' "$(container app_blue)")"
  wait "$promotion" || status=$?
  cat "$BATS_TEST_TMPDIR/told"
  [ "$status" -eq 3 ]
  probe --fail http://127.0.0.1/healthz | grep --quiet '"color":"green"'
  [ "$(image_of app_blue)" = "$before" ]

  run "$ops/promote.sh" rollback --driver compose
  echo "$output"
  [ "$status" -eq 0 ]
  probe --fail http://127.0.0.1/healthz | grep --quiet '"color":"blue"'
  [ "$(image_of app_blue)" = "$before" ]
}

@test "dev-down leaves nothing behind" {
  [ -n "$(ours)" ]
  "$ops/dev.sh" down
  [ -z "$(ours)" ]
}
