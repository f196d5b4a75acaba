#!/usr/bin/env bash
# Runs a command with what a promotion needs: its own Redis, Traefik and live colour, on free ports, all
# ended afterwards. The command's environment has URL, where clients connect, and PROMOTE, the command
# that promotes:
#   ops/test/with-promotion.sh make load-test SCENARIO=promotion
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

(($# > 0)) || {
  printf 'usage: ops/test/with-promotion.sh COMMAND [ARGUMENT...]\n' >&2
  exit 2
}

BATS_TEST_DIRNAME=$ops/test
BATS_FILE_TMPDIR=$(mktemp -d)
# shellcheck disable=SC1091 # a file of bats
source "$BATS_TEST_DIRNAME/promotion.bash"

# shellcheck disable=SC2317 # called by the trap
finish() {
  teardown_promotion
  rm -rf "$BATS_FILE_TMPDIR"
}
trap finish EXIT

setup_promotion
# As in production, not as in the tests.
unset TALLY_DRAIN_TIMEOUT PROMOTE_SETTLE PROMOTE_STOP_TIMEOUT
export JAVA_TOOL_OPTIONS=-Xmx1g
# shellcheck disable=SC2154 # set there
export PROMOTE=$ops/promote.sh
# shellcheck disable=SC2154
export URL=ws://127.0.0.1:$traefik_port/ws/chat/
"$PROMOTE" >&2
"$@"
