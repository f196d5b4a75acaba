#!/usr/bin/env bats
# Promotions of servers that require tokens: Traefik, Redis and the servers are real.

bats_require_minimum_version 1.5.0
load promotion.bash

setup_file() {
  small_servers
  setup_promotion
  # shellcheck disable=SC2154 # place: processes.bash sets it
  export PROMOTE_TOKEN_FILE=$place/token secret=$place/secret
  (umask 077 && openssl rand -hex 32 >"$secret" && mint >"$PROMOTE_TOKEN_FILE")
}

teardown_file() {
  teardown_promotion
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

mint() {
  local signed
  signed=$(printf '{"alg":"HS256"}' | base64url).$(printf '{"sub":"smoke","exp":%d}' $(($(date +%s) + 3600)) | base64url)
  printf '%s.%s\n' "$signed" "$(printf '%s' "$signed" | openssl dgst -sha256 -mac HMAC -macopt "key:$(cat "$secret")" -binary | base64url)"
}

# expect_live asks for `promote status`.
# shellcheck disable=SC2120
promote() { "$BATS_TEST_DIRNAME/../promote.sh" --timeout 5m "$@"; }

@test "tokens are switched on, and from then on the smoke test has one" {
  local token
  token=$(cat "$PROMOTE_TOKEN_FILE")
  # shellcheck disable=SC2119
  promote
  expect_live blue

  export TALLY_AUTH_SECRET_FILE=$secret
  run -1 promote
  [[ $output == *"a session of blue does not continue on green"* ]]
  expect_live blue

  PROMOTE_RESUME=no run -0 promote
  expect_live green

  # With tokens on both sides, a session goes on.
  run -0 promote
  [[ $output != *"$token"* ]]
  expect_live blue

  PROMOTE_TOKEN_FILE='' run -1 promote
  echo "$output"
  [[ $output == *"smoke test: "*"HTTP status 401"* ]]
  PROMOTE_TOKEN_FILE=$place/none run -1 promote
  [[ $output == *"PROMOTE_TOKEN_FILE=$place/none cannot be read"* ]]
  expect_live blue
}
