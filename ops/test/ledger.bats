#!/usr/bin/env bats
# The ledger of a promotion, from made-up logs that are each wrong in one way.

setup() {
  old=$BATS_TEST_TMPDIR/old
  new=$BATS_TEST_TMPDIR/new
}

close() { # session code count
  printf '{"timestamp":"2026-11-24T15:00:02.000Z","event":"close","color":"blue","session":"%s","code":%s,"count":%s}\n' "$@"
}

resume() { # session count gap_ms
  printf '{"timestamp":"2026-11-24T15:00:03.000Z","event":"resume","color":"green","session":"%s","count":%s,"gap_ms":%s}\n' "$@"
}

drain() { # unacknowledged
  printf '{"timestamp":"2026-11-24T15:00:02.000Z","event":"drain","color":"blue","unacknowledged":%s}\n' "$@"
}

stop() { # received acknowledged
  printf '{"timestamp":"2026-11-24T15:00:04.000Z","event":"stop","color":"blue","received":%s,"acknowledged":%s,"abandoned":0,"log_dropped_lines":0}\n' "$@"
}

dropped() { # lines
  printf '{"timestamp":"2026-11-24T15:00:02.500Z","event":"log_dropped","lines":%s}\n' "$1"
}

ledger() {
  run awk -v since=2026-11-24T15:00:01.000Z -f "$BATS_TEST_DIRNAME/../promote/ledger.awk" \
    side=old "$old" side=new "$new"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "sessions that went on where they were are moved, with their gaps" {
  { close a 1001 5 && close b 4001 7 && close c 1000 2 && stop 14 14; } >"$old"
  { resume a 5 30 && resume b 7 0 && resume c 2 10; } >"$new"
  ledger
  [ "$output" = 'moved=3 missing=0 lost=0 duplicated=0 abandoned=0 p50=10 p99=30 slowest=30 dropped=0' ]
}

@test "what was acknowledged and is not counted any more is lost" {
  { close a 1001 5 && close b 1001 7 && stop 12 12; } >"$old"
  { resume a 2 0 && resume b 7 0; } >"$new"
  ledger
  [[ $output == *' lost=3 '* ]]
}

@test "a count above what was acknowledged is no duplicate as long as the message came in" {
  { close a 1001 5 && stop 6 5; } >"$old"
  resume a 6 0 >"$new"
  ledger
  [[ $output == *' lost=0 duplicated=0 '* ]]
}

@test "what was stored after its connection ended, before the drain, is no duplicate" {
  { close a 1006 5 && drain 1 && stop 6 5; } >"$old"
  resume a 6 0 >"$new"
  ledger
  [[ $output == *' lost=0 duplicated=0 '* ]]
}

@test "more counted than came in is a duplicate" {
  { drain 0 && close a 1001 5 && stop 6 5; } >"$old"
  resume a 8 0 >"$new"
  ledger
  [[ $output == *' duplicated=2 '* ]]
}

@test "a client that was sent away and not seen again is missing; one that left by itself is not" {
  { close a 1001 5 && close b 1000 7 && stop 12 12; } >"$old"
  : >"$new"
  ledger
  [[ $output == 'moved=0 missing=1 '* ]]
}

@test "a connection that ended before its session was there has been told nothing" {
  { close a 1006 5 | sed 's/,"count":5//' && stop 0 0; } >"$old"
  resume a 8 0 >"$new"
  ledger
  [[ $output == 'moved=0 missing=0 lost=0 duplicated=0 '* ]]
}

@test "without the last line of the old colour, duplicates are unknown" {
  close a 1006 5 >"$old"
  resume a 5 0 >"$new"
  ledger
  [[ $output == *' duplicated=unknown '* ]]
}

@test "what a log with dropped lines does not tell is unknown, on either side" {
  { close a 1001 5 && dropped 3 && stop 14 14; } >"$old"
  resume a 5 30 >"$new"
  ledger
  [[ $output == *' lost=unknown duplicated=unknown '*' dropped=3' ]]

  { close a 1001 5 && stop 5 5; } >"$old"
  { dropped 2 && resume a 5 30; } >"$new"
  ledger
  [[ $output == *' lost=unknown duplicated=unknown '*' dropped=2' ]]
}

@test "a loss that is seen in a log with holes is a loss" {
  { close a 1001 5 && dropped 3 && stop 14 14; } >"$old"
  resume a 4 30 >"$new"
  ledger
  [[ $output == *' lost=1 duplicated=unknown '* ]]
}

@test "lines that were dropped before the switch make no hole" {
  { dropped 3 | sed 's/15:00:02/14:59:59/' && close a 1001 5 && stop 5 5; } >"$old"
  resume a 5 30 >"$new"
  ledger
  [[ $output == *' lost=0 duplicated=0 '* ]]
}

@test "a release that does not say whether it dropped lines leaves it unknown" {
  { close a 1001 5 && stop 5 5 | sed 's/,"log_dropped_lines":0//'; } >"$old"
  resume a 5 30 >"$new"
  ledger
  [[ $output == *' lost=unknown duplicated=unknown '* ]]
}

@test "what happened before the switch does not count" {
  { close a 1001 5 && stop 5 5; } | sed 's/15:00:02/14:59:59/' >"$old"
  resume a 1 0 >"$new"
  ledger
  [[ $output == 'moved=0 missing=0 lost=0 '* ]]
}

@test "the promotion is not clean where lines were dropped, and says so" {
  { close a 1001 5 && dropped 3 && stop 14 14; } >"$old"
  resume a 5 30 >"$new"
  ops=$BATS_TEST_DIRNAME/..
  say() { echo "$1"; }
  await() { shift 2 && "$@"; }
  driver_logs() { cat "${!1}"; }
  # shellcheck source=/dev/null # it has a function of the same name
  source "$ops/promote/ledger.sh"
  run ledger 2026-11-24T15:00:01.000Z old new
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *'moved 1, lost unknown, duplicated unknown, '* ]]
  [[ $output == *'3 lines of the two logs were dropped'* ]]
}
