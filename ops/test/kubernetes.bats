#!/usr/bin/env bats
# The manifests against the schemas of what reads them.

bats_require_minimum_version 1.5.0

setup() {
  validate=$BATS_TEST_DIRNAME/../kubernetes/validate.sh
  manifests=$BATS_TEST_DIRNAME/../kubernetes
  (("$("$validate" >/dev/null 2>&1; echo $?)" != 3)) || skip "$("$validate" 2>&1 | tail -n 1)"
}

# A manifest of ours with a mistake in it.
broken() { # file sed-expression
  sed "$2" "$manifests/$1" >"$BATS_TEST_TMPDIR/$1"
  ! cmp --quiet "$manifests/$1" "$BATS_TEST_TMPDIR/$1"
  run -1 "$validate" "$BATS_TEST_TMPDIR/$1"
}

@test "the manifests are valid" {
  run -0 "$validate"
  [ -z "$output" ]
}

@test "a member that Kubernetes does not know is refused" {
  broken poddisruptionbudget.yaml 's/maxUnavailable/maxUnavail/'
  [[ $output == *"'maxUnavail' was unexpected"* ]]
}

@test "a member that the Prometheus Operator does not know is refused" {
  broken servicemonitor.yaml 's/honorLabels/honourLabels/'
  [[ $output == *"'honourLabels' was unexpected"* ]]
}
