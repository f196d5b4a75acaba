#!/usr/bin/env bats
# What the scripts say while no Docker engine answers.

bats_require_minimum_version 1.5.0

setup() {
  ops=$BATS_TEST_DIRNAME/..
  export DOCKER_HOST=unix://$BATS_TEST_TMPDIR/no-engine TALLY_DRIVER=compose TALLY_ROUTES=$BATS_TEST_TMPDIR/routes
  export TALLY_ENTRYPOINT=http://127.0.0.1:1
}

@test "the state of a colour is unknown" {
  run -1 "$ops/promote.sh" status
  [[ $output == *'no Docker engine answers, so the state of the colours is not known; docker info says why'* ]]
  [[ $output == *$'\nlive   none; http://127.0.0.1:1 does not answer as a colour\nblue   unknown\ngreen  unknown' ]]
}

@test "no promotion begins, and no dry run either" {
  local words
  for words in '' --dry-run rollback 'rollback --dry-run'; do
    # shellcheck disable=SC2086 # words are meant to be split
    run -1 "$ops/promote.sh" $words
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *'no Docker engine answers'* ]]
  done
  [ ! -e "$TALLY_ROUTES" ]
}

@test "the monitor says so" {
  run -1 "$ops/monitor.sh" --once
  [ "$output" = 'monitor: no Docker engine answers; docker info says why' ]
}
