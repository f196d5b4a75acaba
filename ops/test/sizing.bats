#!/usr/bin/env bats
# The sizing rule of docs/operations/drain.md, wherever a grace period is set:
# grace >= drain delay + drain timeout + 8 s; a preStop of Kubernetes counts as a drain delay.

bats_require_minimum_version 1.5.0

setup() {
  ops=$BATS_TEST_DIRNAME/..
  jar=$ops/../server-tyrus/target/tally-server.jar
}

# What the server makes of a setting, in seconds; so a variable that is misspelt counts for nothing.
in_force() { # VARIABLE [VARIABLE=value...]
  local variable=$1 seconds
  shift
  seconds=$(env --ignore-environment "$@" "$(command -v java)" -jar "$jar" --print-config | sed -nE "s/^$variable=([0-9]+)s$/\1/p")
  [[ -n $seconds ]] && echo "$seconds"
}

enough() { # grace-in-seconds [VARIABLE=value...]
  local grace=$1 timeout delay
  shift
  timeout=$(in_force TALLY_DRAIN_TIMEOUT "$@")
  delay=$(in_force TALLY_DRAIN_DELAY "$@")
  echo "grace $grace s, drain delay $delay s, drain timeout $timeout s"
  ((grace >= delay + timeout + 8))
}

drain_settings() { # file: VARIABLE=value of those in YAML or in an environment file
  sed -nE -e 's/^ *(TALLY_DRAIN_[A-Z]+)[:=] *([0-9a-z]+)$/\1=\2/p' "$1"
}

@test "compose waits for the drain" {
  grace=$(sed -nE 's/^  stop_grace_period: ([0-9]+)s$/\1/p' "$ops/compose.yaml")
  mapfile -t settings < <(drain_settings "$ops/compose.yaml")
  [ "${#settings[@]}" -eq 2 ]
  enough "$grace" "${settings[@]}"
}

@test "systemd waits for the drain" {
  grace=$(sed -nE 's/^TimeoutStopSec=([0-9]+)s$/\1/p' "$ops/systemd/tally@.service")
  mapfile -t settings < <(drain_settings "$ops/systemd/tally.env")
  [ "${#settings[@]}" -eq 2 ]
  enough "$grace" "${settings[@]}"
}

@test "Kubernetes waits for the drain" {
  grace=$(sed -nE 's/^ *terminationGracePeriodSeconds: ([0-9]+)$/\1/p' "$ops/kubernetes/deployment.yaml")
  mapfile -t settings < <(sed -nE '/name: TALLY_DRAIN/{N;s/^.*name: (\w+)\n *value: *(.*)$/\1=\2/p}' "$ops/kubernetes/deployment.yaml")
  [ "${#settings[@]}" -eq 1 ]
  pre_stop=$(sed -nE '/preStop:/,/seconds:/s/^ *seconds: ([0-9]+)$/\1/p' "$ops/kubernetes/deployment.yaml")
  [ -n "$pre_stop" ]
  enough "$((grace - pre_stop))" "${settings[@]}"
}

@test "a promotion waits for the drain of either driver" {
  grace=$(sed -nE 's/^readonly stop_timeout=\$\{PROMOTE_STOP_TIMEOUT:-([0-9]+)\}$/\1/p' "$ops/promote.sh")
  mapfile -t settings < <(drain_settings "$ops/compose.yaml")
  enough "$grace" "${settings[@]}"
  enough "$grace"
}

@test "every one of them is enough for the defaults, too" {
  mapfile -t graces < <(sed -nE -e 's/^  stop_grace_period: ([0-9]+)s$/\1/p' -e 's/^TimeoutStopSec=([0-9]+)s$/\1/p' \
    -e 's/^ *terminationGracePeriodSeconds: ([0-9]+)$/\1/p' "$ops/compose.yaml" "$ops/systemd/tally@.service" "$ops/kubernetes/deployment.yaml")
  [ "${#graces[@]}" -eq 3 ]
  for grace in "${graces[@]}"; do
    enough "$grace"
  done
}

@test "a grace period that is too short is noticed" {
  run ! enough 17
  run ! enough 32 TALLY_DRAIN_TIMEOUT=20s TALLY_DRAIN_DELAY=5s
  run -0 enough 33 TALLY_DRAIN_TIMEOUT=20s TALLY_DRAIN_DELAY=5s
}
