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
  local kind
  run -0 "$validate"
  for kind in Deployment Ingress PodDisruptionBudget Service ServiceMonitor; do
    [[ $output == *".yaml: $kind is valid"* ]]
  done
  [ "${#lines[@]}" -eq 5 ]
}

@test "a member that Kubernetes does not know is refused" {
  broken poddisruptionbudget.yaml 's/maxUnavailable/maxUnavail/'
  [[ $output == *"'maxUnavail' was unexpected"* ]]
}

@test "a member that the Prometheus Operator does not know is refused" {
  broken servicemonitor.yaml 's/honorLabels/honourLabels/'
  [[ $output == *"'honourLabels' was unexpected"* ]]
}

@test "what is no manifest is refused in one sentence" {
  local file=$BATS_TEST_TMPDIR/file text rule
  while IFS='|' read -r text rule; do
    printf '%b' "$text" >"$file"
    run -1 "$validate" "$file"
    echo "$output"
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "$file: $rule"* ]]
  done <<'FILES'
|not a manifest: it is empty
just text|not a manifest: apiVersion and kind are missing
key: value|not a manifest: apiVersion and kind are missing
a: [|not YAML: 
\0377|not YAML: 
apiVersion: v1\nkind: Nothing|Kubernetes has no v1 Nothing
apiVersion: monitoring.coreos.com/v1\nkind: Nothing|the Prometheus Operator has no kind Nothing
FILES
  run -1 "$validate" "$BATS_TEST_TMPDIR/none"
  [ "$output" = "$BATS_TEST_TMPDIR/none: No such file or directory" ]
}

@test "the server finds the Redis URL in the file of the secret" {
  run -0 grep -A 1 'name: REDIS_URL_FILE' "$manifests/deployment.yaml"
  [[ $output == *'value: /run/secrets/tally/redis-url' ]]
  run -0 grep -B 1 -A 1 'mountPath: /run/secrets/tally$' "$manifests/deployment.yaml"
  [[ $output == *'name: secret'*'readOnly: true' ]]
  run -0 grep -A 2 'name: secret$' "$manifests/deployment.yaml"
  [[ $output == *'secretName: tally'* ]]
}
