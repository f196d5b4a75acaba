#!/usr/bin/env bats
# Prometheus's and Alertmanager's configuration, and when each alert fires: alerts.yml.

setup() {
  ops=$BATS_TEST_DIRNAME/..
}

@test "Prometheus accepts its configuration and every rule" {
  promtool check config "$ops/prometheus/prometheus.yml"
}

@test "Alertmanager accepts its configuration" {
  amtool check-config "$ops/alertmanager/alertmanager.yml"
}

@test "each alert fires on its fault, is silent short of it, and a colour switch fires none" {
  promtool test rules "$BATS_TEST_DIRNAME/alerts.yml"
}

@test "each alert has a case in which it fires" {
  local alert
  while read -r alert; do
    grep --after-context 3 "alertname: $alert\$" "$BATS_TEST_DIRNAME/alerts.yml" | grep --quiet exp_labels
  done < <(sed -nE 's/^ *- alert: //p' "$ops/prometheus/rules/tally.yml")
}
