# shellcheck shell=bash disable=SC2154 # ops: promote.sh sets it
# The ledger of a promotion, made from the logs of both colours.

# seconds
readonly return_timeout=${PROMOTE_RETURN_TIMEOUT:-5}

figures() { # since old new
  awk -v "since=$1" -f "$ops/promote/ledger.awk" side=old <(driver_logs "$2" "$1") side=new <(driver_logs "$3" "$1")
}

# Clients come back within their hint. The user of one that does not may have left.
all_back() { [[ $(figures "$@") == *' missing=0 '* ]]; }

ledger() { # since old new; 1 if something was lost or counted twice, or the logs do not tell
  local name value
  local -A of=()
  await "$return_timeout" '' all_back "$@" || true
  while IFS='=' read -r name value; do
    of[$name]=$value
  done < <(figures "$@" | tr ' ' '\n')
  say "$2's part: $(driver_logs "$2" "$1" | grep '"event":"stop"' | tail -n 1 |
    grep --only-matching --extended-regexp '"(received|acknowledged|unacknowledged|connections|superseded|drain_unacknowledged)":[0-9]+' |
    tr -d '"' | tr ':\n' '= ' || true)"
  printf 'moved %s, lost %s, duplicated %s, slowest gap %s ms (p50 %s ms, p99 %s ms), did not come back %s\n' \
    "${of[moved]}" "${of[lost]}" "${of[duplicated]}" "${of[slowest]}" "${of[p50]}" "${of[p99]}" "${of[missing]}"
  [[ ${of[dropped]} == 0 ]] ||
    say "the ledger is incomplete: ${of[dropped]} lines of the two logs were dropped, so sessions may be missing in both"
  [[ ${of[lost]} == 0 && ${of[duplicated]} == 0 ]]
}
