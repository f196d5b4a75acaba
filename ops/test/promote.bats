#!/usr/bin/env bats
# Promotions for real: Traefik, Redis, servers as processes, and clients that check every count.
# All tests use the same servers, one after the other. Each begins with the colour that is live then.
# With RELEASE_WITHOUT_LOG=FILE, the jar of an older release runs where the message log is off.

bats_require_minimum_version 1.5.0
load promotion.bash

setup_file() {
  small_servers
  setup_promotion
}

teardown_file() {
  teardown_promotion
}

setup() {
  clients_pid='' promote_pid='' orphan_pid=''
  [[ -n $(live) ]] || promote
  old=$(live)
  new=$([[ $old == blue ]] && echo green || echo blue)
  log=$BATS_TEST_TMPDIR/promote.log
}

teardown() {
  [[ -z $promote_pid ]] || kill -KILL "$promote_pid" 2>/dev/null || true
  [[ -z $clients_pid ]] || kill -KILL "$clients_pid" 2>/dev/null || true
  [[ -z $orphan_pid ]] || kill -KILL "$orphan_pid" 2>/dev/null || true
}

# A colour may need long to get ready on a busy machine. Of a flag given twice, the last one counts.
promote() { "$BATS_TEST_DIRNAME/../promote.sh" --timeout 5m "$@"; }

gone() { ! runs "$1"; } # color

not_ready() { [[ $(promote status) =~ $1\ +running,\ not\ ready ]]; } # color

# Runs in the background. Without env, background jobs of a shell ignore SIGINT.
promote_meanwhile() { # argument...
  env --default-signal=INT "$BATS_TEST_DIRNAME/../promote.sh" --timeout 5m "$@" >"$log" 2>&1 3>&- &
  promote_pid=$!
}

reached() { # text in its output
  await grep --quiet --fixed-strings "$1" "$log"
}

end_of_promotion() {
  status=0
  wait "$promote_pid" || status=$?
  promote_pid=''
  cat "$log"
}

# As it was before the test: the same colour is live, the other one is gone.
expect_nothing_changed() {
  expect_live "$old"
  run ! runs "$new"
}

expect_promoted() {
  expect_live "$new"
  run ! runs "$old"
}

@test "500 clients move to the other colour and back, and no count is lost" {
  start_clients 500 1000
  run --separate-stderr promote
  # shellcheck disable=SC2154 # run sets it
  echo "$stderr"
  [ "$status" -eq 0 ]
  [[ $output =~ ^"moved 500, lost 0, duplicated 0, slowest gap "[0-9]+" ms (p50 "[0-9]+" ms, p99 "[0-9]+" ms), did not come back 0"$ ]]
  expect_promoted
  run --separate-stderr promote --to "$old"
  echo "$stderr"
  [ "$status" -eq 0 ]
  [[ $output == "moved 500, lost 0, duplicated 0, "*", did not come back 0" ]]
  finish_clients
}

@test "a promotion to the live colour changes nothing and succeeds" {
  run promote --to "$old"
  [ "$status" -eq 0 ]
  [[ $output == *"$old is live already"* ]]
  expect_nothing_changed
}

@test "the live colour is left alone when Traefik does not answer as it" {
  end traefik TERM
  PROMOTE_ROUTE_TIMEOUT=1 run promote --to "$old"
  start_traefik
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"$old is live, but Traefik at $TALLY_ENTRYPOINT does not answer as $old within 1 s"* ]]
  expect_nothing_changed
}

@test "the live colour is left alone while it is not ready" {
  end redis TERM
  await not_ready "$old"
  run promote --to "$old" --timeout 1s
  start_redis
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"$old is live, but was not ready within 1 s; it is left as it is"* ]]
  expect_nothing_changed
}

@test "a dead colour that should be live is started again" {
  kill -KILL "$(color_pid "$old")"
  await gone "$old"
  run promote --to "$old"
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"done: $old is live, and no other colour ran"* ]]
  expect_nothing_changed
}

@test "a dry run says what would be done, and does nothing" {
  run promote --dry-run
  [ "$status" -eq 0 ]
  [[ $output == *"live: $old; promoting $new, then draining $old"* ]]
  expect_nothing_changed
}

@test "a dry run touches nothing" {
  TALLY_ROUTES=$BATS_TEST_TMPDIR/routes TALLY_STATE=$BATS_TEST_TMPDIR/state run promote --dry-run
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"live: none; promoting blue"*"dry run: nothing was done" ]]
  [ ! -e "$BATS_TEST_TMPDIR/routes" ]
  [ ! -e "$BATS_TEST_TMPDIR/state" ]
}

@test "a rollback to a colour that never ran is refused, in a dry run too" {
  local words
  for words in '' --dry-run; do
    # shellcheck disable=SC2086 # nothing or one word
    TALLY_ROUTES=$BATS_TEST_TMPDIR/routes TALLY_STATE=$BATS_TEST_TMPDIR/state run promote rollback $words
    echo "$output"
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"s  blue never ran here, so there is no release to go back to" ]]
    [[ $output != *promoting* && $output != *starting* ]]
  done
}

@test "a promotion without Redis is refused at once" {
  local words
  for words in '' --dry-run rollback; do
    # shellcheck disable=SC2086 # nothing or one word
    REDIS_URL='' run promote $words
    echo "$output"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"s  Redis is required: set REDIS_URL or REDIS_URL_FILE" ]]
  done
  expect_nothing_changed
}

@test "a promotion takes Redis's URL from a file" {
  printf '%s\n' "$REDIS_URL" >"$BATS_TEST_TMPDIR/redis-url"
  REDIS_URL='' REDIS_URL_FILE=$BATS_TEST_TMPDIR/redis-url run promote
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"session of $old"* ]]
  expect_promoted
}

@test "a jar that does not exist is not promoted" {
  TALLY_JAR=$BATS_TEST_TMPDIR/none.jar run promote
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"$new could not be started"* ]]
  expect_nothing_changed
}

@test "a rollback starts the release that the other colour was live with" {
  promote
  TALLY_JAVA=/bin/false run promote
  [ "$status" -eq 1 ]
  run promote --to "$new"
  [ "$status" -eq 0 ]
  TALLY_JAVA=/bin/false run promote rollback --driver process
  echo "$output"
  [ "$status" -eq 0 ]
  expect_live "$old"
}

@test "wrong usage is one sentence and exit code 2" {
  local words
  for words in '--to red' '--driver podman' '--timeout soon' '--force' '--to'; do
    # shellcheck disable=SC2086 # words are meant to be split
    run promote $words
    [ "$status" -eq 2 ]
    [[ ${lines[-1]} == "promote: "* ]]
  done
}

@test "a release that never gets ready never goes live" {
  TALLY_JAVA=$(release sleeper 'echo "waiting for a database"; exec sleep 600') \
    run promote --timeout 5s
  [ "$status" -eq 1 ]
  [[ $output == *"$new was not ready within 5 s"*"waiting for a database"* ]]
  expect_nothing_changed
}

@test "a release that dies in the smoke test never goes live" {
  # shellcheck disable=SC2016 # for the script
  TALLY_JAVA=$(release dying 'setpriv --pdeathsig KILL java "$@" & server=$!' \
    'until grep -q "\"event\":\"open\"" "$TALLY_STATE/$TALLY_COLOR.log"; do sleep 0.02; done' \
    'kill -KILL $server; echo "it died"') run promote
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"smoke test: "*"it died"* ]]
  expect_nothing_changed
}

@test "a release that dies right after the switch is switched back, and its users lose nothing" {
  start_clients 50 200
  # shellcheck disable=SC2016 # for the script
  TALLY_JAVA=$(release dying 'setpriv --pdeathsig KILL java "$@" & server=$!' \
    'until grep -q "Traefik answers as" '"'$log'"'; do sleep 0.02; done' \
    'kill -KILL $server') PROMOTE_SETTLE=60 promote_meanwhile
  end_of_promotion
  [ "$status" -eq 3 ]
  [[ $(<"$log") == *"$new died after the switch"*"$old answers again"* ]]
  expect_nothing_changed
  finish_clients
}

@test "a release that dies while the old one drains brings the old release back" {
  local go=$BATS_TEST_TMPDIR/go
  # It has drained, but its process does not end yet.
  # shellcheck disable=SC2016 # for the script
  TALLY_JAVA=$(release lingering 'setpriv --pdeathsig KILL java "$@" & server=$!; trap "kill -TERM $server" TERM' \
    'while kill -0 $server; do wait $server; done; until [[ -e '"'$go'"' ]]; do sleep 0.02; done') promote
  start_clients 50 200
  # shellcheck disable=SC2016 # for the script
  TALLY_JAVA=$(release dying 'setpriv --pdeathsig KILL java "$@" & server=$!' \
    'until grep -q "\"event\":\"drain\"" "$TALLY_STATE"/'"$new"'.log; do sleep 0.02; done' \
    'kill -KILL $server; touch '"'$go'") run promote --to "$old"
  echo "$output"
  [ "$status" -eq 3 ]
  [[ $output == *"$new is live again, with the release that it had"* ]]
  expect_promoted
  finish_clients
}

@test "without a live colour to go back to, the new one is left as it is" {
  TALLY_JAVA=$(release sleeper 'exec sleep 600') promote_meanwhile
  await runs "$new"
  kill -KILL "$(color_pid "$old")"
  await gone "$old"
  kill -INT "$promote_pid"
  end_of_promotion
  [ "$status" -eq 4 ]
  [[ $(<"$log") == *"$old is dead, so there is nothing to go back to: $new is left as it is"* ]]
  runs "$new"
  run promote
  echo "$output"
  [ "$status" -eq 0 ]
  expect_promoted
}

@test "a promotion finishes after the reader of its output has ended" {
  status=0
  promote > >(head -n 1 >/dev/null) 2>&1 || status=$?
  [ "$status" -eq 0 ]
  expect_promoted
}

@test "SIGINT before the switch is certain leaves everything as it was" {
  local moment
  export PROMOTE_SETTLE=60
  for moment in "starting $new" "starting $new" "starting $new" "$new is ready" "route written" "route written" \
    "route written" "Traefik answers as $new"; do
    promote_meanwhile
    reached "$moment"
    kill -INT "$promote_pid"
    end_of_promotion
    [ "$status" -eq 130 ]
    expect_nothing_changed
  done
}

@test "SIGINT and SIGTERM after the switch do not stop the promotion half way" {
  promote_meanwhile
  reached "s  draining $old"
  kill -INT "$promote_pid"
  kill -TERM "$promote_pid"
  end_of_promotion
  [ "$status" -eq 0 ]
  expect_promoted
}

# It starts once the test makes a file, so a promotion waits for it.
held_release() {
  # shellcheck disable=SC2016 # for the script
  release held 'until [[ -e '"'$BATS_TEST_TMPDIR/go'"' ]]; do sleep 0.02; done; exec java "$@"'
}

@test "the second of two promotions at once ends immediately and names the first one" {
  TALLY_JAVA=$(held_release) promote_meanwhile --timeout 30m
  await runs "$new"
  # If it waited, the test would time out.
  PROMOTE_LOCK_TIMEOUT=3600 run promote
  echo "$output"
  [ "$status" -eq 5 ]
  [[ $output =~ "another promotion is under way: process $promote_pid of $(id -un) since 2"[0-9T:+-]+": promote, to $new"$ ]]
  run promote --dry-run
  [ "$status" -eq 5 ]
  run promote status
  [[ ${lines[-1]} == "lock   process $promote_pid of "*": promote, to $new" ]]
  touch "$BATS_TEST_TMPDIR/go"
  end_of_promotion
  [ "$status" -eq 0 ]
  expect_promoted
  run promote status
  [[ $output != *lock* ]]
}

@test "a promotion waits for commands of a killed one that still hold the lock" {
  TALLY_JAR=$BATS_TEST_TMPDIR/none.jar promote_meanwhile
  end_of_promotion
  # The lock file names that promotion, whose process has ended.
  (exec 9>>"$TALLY_ROUTES/promote.lock" && flock 9 && touch "$BATS_TEST_TMPDIR/locked" && exec sleep 3600) 3>&- &
  orphan_pid=$!
  await test -e "$BATS_TEST_TMPDIR/locked"
  PROMOTE_LOCK_TIMEOUT=0 run promote
  echo "$output"
  [ "$status" -eq 5 ]
  [[ $output == *"a promotion was killed, and what it started still has the lock after 0 s: process "*": promote, to $new" ]]
  PROMOTE_LOCK_TIMEOUT=3600 TALLY_JAR=$BATS_TEST_TMPDIR/none.jar promote_meanwhile
  reached 'waiting up to 3600 s for the end of what a killed promotion started'
  kill "$orphan_pid"
  end_of_promotion
  [ "$status" -eq 1 ]
  [[ $(<"$log") == *"live: $old; promoting $new, then draining $old"*"$new could not be started"* ]]
  expect_nothing_changed
}

@test "a promotion works after one that was killed" {
  TALLY_JAVA=$(release sleeper 'exec sleep 600') promote_meanwhile
  await runs "$new"
  kill -KILL "$promote_pid"
  end_of_promotion
  runs "$new"
  run promote
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"$new still runs from an earlier promotion"* ]]
  expect_promoted
}

@test "a promotion that was killed after the switch is finished by the next one" {
  PROMOTE_SETTLE=60 promote_meanwhile
  reached "Traefik answers as $new"
  kill -KILL "$promote_pid"
  end_of_promotion
  runs "$old"
  run promote --to "$new"
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *"$old still runs from an earlier promotion"* ]]
  expect_promoted
}

@test "Traefik restarts in the middle" {
  start_clients 50 200
  promote_meanwhile
  reached "$new is ready"
  end traefik TERM
  start_traefik
  end_of_promotion
  [ "$status" -eq 0 ]
  expect_promoted
  finish_clients
}

@test "Redis restarts in the middle" {
  start_clients 50 200
  promote_meanwhile
  reached "s  draining $old"
  end redis TERM
  start_redis
  end_of_promotion
  [ "$status" -eq 0 ]
  [[ $(<"$log") == *"lost 0, duplicated 0"* ]]
  expect_promoted
  finish_clients
}

# Sessions with a client for which a condition in Lua is true: count and logged are what Redis has.
sessions_with() { # condition
  # shellcheck disable=SC2154 # promotion.bash sets it
  redis-cli -p "$redis_port" EVAL "local number = 0
    for _, key in ipairs(redis.call('KEYS', 'tally:session:*')) do
      local stored = redis.call('HMGET', key, 'count', 'logged', 'left')
      local count, logged = tonumber(stored[1]), tonumber(stored[2]) or 0
      if not stored[3] and ($1) then number = number + 1 end
    end
    return number" 0
}

all_clients() { [ "$(sessions_with "$2")" -eq "$1" ]; } # how many, condition

# Checks that the numbers of each session go from 1 on without a hole or a repeat, and prints how many
# gaps each has.
# shellcheck disable=SC2154 # promotion.bash sets what it uses
gaps_of_the_log() {
  java -jar "$build/tally-server.jar" tail --no-follow --json >"$place/log.json"
  python3 - "$place/log.json" "$redis_port" <<'PYTHON'
import json, subprocess, sys

last, gaps = {}, {}
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    session = entry["session"], entry["began"]
    first, _, end = entry["gap"].partition("-") if "gap" in entry else (entry["n"], "", entry["n"])
    assert int(first) == last.get(session, 0) + 1, (line, last.get(session))
    last[session] = int(end)
    gaps[session] = gaps.get(session, 0) + ("gap" in entry)
for (session, began), number in last.items():
    asked = ["redis-cli", "-p", sys.argv[2], "HMGET", f"tally:session:{{{session}}}", "count", "logged"]
    told = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout.split()
    # The smoke test may have left a session of its own where the log is off.
    assert int(told[1]) == number <= int(told[0]), (session, told, number)
    print(gaps[session, began], "gaps" if told[0] == told[1] else "gaps and a rest")
PYTHON
}

@test "promotions switch the message log on, off and on, and what was counted meanwhile is a gap" {
  local off=${RELEASE_WITHOUT_LOG:-$build/tally-server.jar} here
  redis-cli -p "$redis_port" FLUSHALL
  TALLY_JAR=$off promote --to "$new"
  start_clients 50 200
  await all_clients 50 'count > 0'
  for here in "$old" "$new" "$old"; do
    if [[ $here == "$old" ]]; then
      TALLY_MESSAGE_LOG=on run --separate-stderr promote --to "$here"
    else
      TALLY_JAR=$off run --separate-stderr promote --to "$here"
    fi
    echo "$output $stderr"
    # The log of an older release may not say whether it is complete.
    [[ $output == "moved 50, lost 0, duplicated 0, "*", did not come back 0" ]] ||
      [[ -n ${RELEASE_WITHOUT_LOG:-} && $output == "moved 50, lost unknown, duplicated unknown, "*", did not come back 0" ]]
    if [[ $here == "$old" ]]; then
      await all_clients 50 'count == logged'
    else
      await all_clients 50 'count > logged'
    fi
  done
  finish_clients
  gaps_of_the_log >"$BATS_TEST_TMPDIR/gaps"
  [ "$(grep --count --line-regexp '2 gaps' "$BATS_TEST_TMPDIR/gaps")" -eq 50 ]
}

@test "an old colour that refuses to exit is killed, and its users lose nothing" {
  # shellcheck disable=SC2016 # for the script
  TALLY_JAVA=$(release stubborn 'trap "" TERM; exec java "$@"') promote
  start_clients 50 200
  PROMOTE_STOP_TIMEOUT=2 run promote --to "$old"
  echo "$output"
  [ "$status" -eq 6 ]
  [[ $output == *"$new is still there 2 s after SIGTERM: killing it"*"duplicated unknown"* ]]
  expect_live "$old"
  run ! runs "$new"
  finish_clients
}
