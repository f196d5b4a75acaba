#!/usr/bin/env bats
# ops/monitor.sh with real servers: one that counts, and one without its Redis.

bats_require_minimum_version 1.5.0

load processes

setup_file() {
  export monitor=$BATS_TEST_DIRNAME/../monitor.sh
  export jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar
  export counting lonely
  chat=$(free_port) counting=127.0.0.1:$(free_port) lonely=127.0.0.1:$(free_port)
  start "$BATS_FILE_TMPDIR/counting" java -jar "$jar" --host 127.0.0.1 --port "$chat" --admin-port "${counting#*:}" \
    --color blue --log-format json
  start "$BATS_FILE_TMPDIR/lonely" java -jar "$jar" --host 127.0.0.1 --port 0 --admin-port "${lonely#*:}" \
    --redis-url redis://127.0.0.1:1 --store-grace 100ms --log-format text
  await grep --quiet '"event":"ready"' "$BATS_FILE_TMPDIR/counting"
  await grep --quiet 'session store unavailable' "$BATS_FILE_TMPDIR/lonely"
  while sleep 0.02; do
    echo x
  done | java -jar "$jar" client "ws://127.0.0.1:$chat/ws/chat/" >"$BATS_FILE_TMPDIR/counts" 2>/dev/null 3>&- &
  echo $! >>"$BATS_FILE_TMPDIR/pids"
  await grep --quiet '^1$' "$BATS_FILE_TMPDIR/counts"
}

teardown_file() { end_all; }

# The value in a row, of the only instance.
row() { # label
  sed -nE "s#^$1 {2,}(.*[^ ]) *#\1#p" <<<"$output"
}

# A screen shows one second, in which the server may have done nothing on a busy machine.
screen_with() { # label pattern monitor-argument...
  local label=$1 pattern=$2
  shift 2
  run "$monitor" --once --interval 1 "$@"
  [[ $status == 0 && $(row "$label") =~ $pattern ]]
}

@test "shows an instance's state, connections and rates" {
  await screen_with 'ack p50 / p99, ms' '^[0-9.]+ / [0-9.]+$' "$counting"
  [ "$(row state)" = 'ready, blue' ]
  [[ $(row connections) =~ ^1\ of\ [0-9]+$ ]]
  [[ $(row messages/s) =~ ^[1-9] ]]
  [[ $(row acknowledged/s) =~ ^[1-9] ]]
  [[ $(row 'file descriptors') =~ ^[1-9][0-9]*\ of\ [1-9] ]]
  [ "$(row errors/s)" = - ]
}

@test "reads and shows numbers alike in a language that has a decimal comma" {
  mkdir "$BATS_TEST_TMPDIR/locales"
  # It exits with 1 after warnings that do not matter here.
  localedef -i de_DE -f UTF-8 "$BATS_TEST_TMPDIR/locales/de_DE.UTF-8" || true
  [[ -s $BATS_TEST_TMPDIR/locales/de_DE.UTF-8/LC_NUMERIC ]] || skip 'the package locales is not installed'
  export LOCPATH=$BATS_TEST_TMPDIR/locales LC_ALL=de_DE.UTF-8
  await screen_with 'ack p50 / p99, ms' '^[0-9.]+ / [0-9.]+$' "$counting"
}

@test "shows that the store is down, and the line that the log has of it" {
  await screen_with state '^not ready$' "$lonely=$BATS_FILE_TMPDIR/lonely"
  [[ $(row 'store, commit p99 ms / batch') == DOWN* ]]
  [[ ${lines[-1]} =~ ^[0-9:]{8}\ WARN\ $lonely:\ session\ store\ unavailable ]]
}

@test "shows several instances side by side, also one that does not answer" {
  await screen_with state '^ready, blue +not ready +no answer$' "$counting" "$lonely" 127.0.0.1:1
}

@test "fails if no instance answers" {
  run --separate-stderr -1 "$monitor" --once --interval 0.1 127.0.0.1:1 "127.0.0.1:2=$BATS_TEST_TMPDIR/none"
  [[ $(row state) =~ ^no\ answer\ +no\ answer$ ]]
  # shellcheck disable=SC2154 # run sets it
  [ "$stderr" = 'monitor: no answer from 127.0.0.1:1 127.0.0.1:2' ]
}

@test "finds the colours that promote.sh started as processes" {
  local pid
  pid=$(head -n 1 "$BATS_FILE_TMPDIR/pids")
  printf '%s %s\n' "$pid" "$(cut -d ' ' -f 22 "/proc/$pid/stat")" >"$BATS_TEST_TMPDIR/green.pid"
  TALLY_STATE=$BATS_TEST_TMPDIR TALLY_GREEN_ADMIN_PORT=${counting#*:} \
    await screen_with state '^ready, blue$' --driver process
  TALLY_STATE=$BATS_TEST_TMPDIR/none run -1 "$monitor" --once --driver process
  [ "$output" = 'monitor: no colour runs; see ops/monitor.sh --help' ]
}

two_screens() { (($(grep --count 'Tally at' "$BATS_TEST_TMPDIR/screens") > 1)); }

@test "refreshes until it is interrupted" {
  local pid status=0
  "$monitor" --interval 0.5 "$counting" >"$BATS_TEST_TMPDIR/screens" 3>&- &
  pid=$!
  await two_screens
  kill -TERM "$pid"
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
}

@test "refuses what it cannot watch, in one sentence" {
  run -2 "$monitor" --interval soon
  [ "$output" = "monitor: the interval must be a number of seconds above 0, not 'soon'" ]
  run -2 "$monitor" blue
  [ "$output" = "monitor: an admin address is host:port, with =LOG behind it or not, not 'blue'" ]
  run -2 "$monitor" --driver car
  [ "$output" = "monitor: the driver is compose or process, not 'car'" ]
  run -2 "$monitor" --twice
  [[ $output == Usage* ]]
}
