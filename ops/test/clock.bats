#!/usr/bin/env bats
# No wait depends on the time of day.
bats_require_minimum_version 1.5.0

ops=$BATS_TEST_DIRNAME/..

@test "time goes on although the clock stands still, or is set back" {
  # shellcheck source=ops/clock.sh
  source "$ops/clock.sh"
  unset EPOCHREALTIME EPOCHSECONDS SECONDS
  EPOCHREALTIME=1000.000000 EPOCHSECONDS=1000 SECONDS=1000
  start=$(now_ms)
  EPOCHREALTIME=1.000000 EPOCHSECONDS=1 SECONDS=1
  for _ in {1..1000}; do
    (($(now_ms) == start)) || break
    sleep 0.01
  done
  (($(now_ms) > start))
}

@test "no script measures a duration by the time of day" {
  # Allowed: the mark of a route, which only has to be new, and the time in the lock file, which people read.
  grep --line-number --extended-regexp '\<SECONDS\>|EPOCHREALTIME|EPOCHSECONDS|date [^|]*\+%s' \
    "$ops"/{archive,dev,monitor,promote}.sh "$ops"/promote/*.sh "$ops"/test/processes.bash >"$BATS_TEST_TMPDIR/found"
  run ! grep --invert-match --extended-regexp 'mark=|started_s|printf.*since|interval SECONDS' "$BATS_TEST_TMPDIR/found"
}
