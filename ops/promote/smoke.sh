# shellcheck shell=bash
# The smoke test: the jar's own client connects to the new colour before the users do.

readonly client_flags=(--give-up-after 10s)

# Sends one message, checks its number, and prints the session's id.
smoke_count() { # color expected-count client-flag...
  local color=$1 expected=$2 counts told file token=()
  shift 2
  if [[ -n ${PROMOTE_TOKEN_FILE:-} ]]; then
    file=$(driver_token "$color") || {
      say "smoke test: PROMOTE_TOKEN_FILE=$PROMOTE_TOKEN_FILE cannot be read"
      return 1
    }
    token=(--token-file "$file")
  fi
  told=$(mktemp)
  counts=$(printf 'smoke\n' | driver_client "$color" "${client_flags[@]}" "${token[@]}" "$@" 2>"$told" | paste -s -d ' ') || true
  if [[ $counts != "$expected" ]]; then
    say "smoke test: $color answered '$counts' instead of $expected; the client said: $(
      grep --max-count 1 '^tally-server client: ' "$told" || tail -n 1 "$told"
    )"
    rm -f "$told"
    return 1
  fi
  sed -nE 's/.*, session ([0-9a-f-]{36})$/\1/p' "$told"
  rm -f "$told"
}

# A new session, and its resume.
smoke_alone() { # color
  local id
  id=$(smoke_count "$1" 1) && [[ -n $id ]] && smoke_count "$1" 2 --session "$id" >/dev/null
}

# A session that was made on the live colour continues on the new one.
smoke_across() { # live new
  local id
  id=$(smoke_count "$1" 1) && [[ -n $id ]] || return
  smoke_count "$2" 2 --session "$id" >/dev/null || {
    say "smoke test: a session of $1 does not continue on $2; do both have the same REDIS_URL, and tokens, or none?"
    return 1
  }
}

# Both at once: most of the time goes into the start of Java.
smoke_test() { # new live-or-nothing
  local across='' status=0
  if [[ -n $2 && ${PROMOTE_RESUME:-yes} != no ]]; then
    smoke_across "$2" "$1" &
    across=$!
  fi
  smoke_alone "$1" || status=1
  [[ -z $across ]] || wait "$across" || status=1
  return "$status"
}
