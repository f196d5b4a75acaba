#!/usr/bin/env bash
# Blue-green promotion: starts the colour that is not live, tests it, sends clients to it, drains the
# other one, and prints what became of the sessions.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/promote.sh [--to blue|green] [--driver compose|process] [--timeout 60s] [--dry-run]
       ops/promote.sh rollback [the same]
       ops/promote.sh status [--driver compose|process]

Without a command: starts this build as the colour that is not live, and moves all clients to it.

  rollback   the same, with the release that the other colour ran last
  status     show which colour is live, and the state of both
  --to       the colour that is to be live afterwards
  --driver   compose: the services of ops/compose.yaml (default); process: java -jar on this machine
  --timeout  how long the new colour may take to be ready (default: 60s)
  --dry-run  say what would be done, and change nothing

Exit codes: 0 done, or live already; 1 failed before the switch was certain: the live colour is as it
was; 2 wrong usage; 3 the new colour died after the switch, and the old one is live again; 4 the
colour to go back to is dead: you have to act; 5 another promotion runs; 6 promoted, but the ledger
shows a loss or is incomplete; 130 and 143 as 1, after SIGINT and SIGTERM.
Settings are environment variables: docs/operations/promote-reference.md.
USAGE
}

# The reader of the output may end first, such as a `tee` at Ctrl-C. The promotion continues.
trap '' PIPE

# seconds
readonly route_timeout=${PROMOTE_ROUTE_TIMEOUT:-15}
readonly settle=${PROMOTE_SETTLE:-2}
readonly stop_timeout=${PROMOTE_STOP_TIMEOUT:-20}

command=promote to='' driver=${TALLY_DRIVER:-compose} timeout=60s dry_run=''
# What a failure has to undo: nothing, the new colour, or the new colour and the route.
undo=nothing
live='' new='' old='' restart='' smoke=''

# shellcheck source=ops/clock.sh
source "$ops/clock.sh"
# shellcheck source=ops/promote/colors.sh
source "$ops/promote/colors.sh"
started=$(now_ms) started_s=$EPOCHSECONDS

say() {
  local ms=$(($(now_ms) - started))
  printf 'promote: %3d.%03d s  %s\n' $((ms / 1000)) $((ms % 1000)) "$1" >&2 2>/dev/null || true
}

refuse() {
  usage >&2
  printf 'promote: %s\n' "$1" >&2
  exit 2
}

seconds() { # such as 90, 90s, 2m
  [[ $1 =~ ^([1-9][0-9]{0,5})(s|m)?$ ]] || refuse "'$1' is not a time such as 60s or 2m"
  [[ ${BASH_REMATCH[2]} == m ]] && echo $((BASH_REMATCH[1] * 60)) || echo "${BASH_REMATCH[1]}"
}

other() { [[ $1 == blue ]] && echo green || echo blue; }

start_new() {
  if driver_alive "$new"; then
    say "$new still runs from an earlier promotion, without clients: stopping it"
    stop "$new" || true
  fi
  undo=new
  say "starting $new"
  # A signal between the start of a process and the write of its id would leave it running unnoticed.
  heed_signals_later
  if [[ -n $restart ]]; then
    driver_restore "$new" && driver_restart "$new"
  else
    driver_start "$new"
  fi || {
    say "$new could not be started"
    exit 1
  }
  heed_signals
  await "$timeout" "$new" driver_ready "$new" || {
    if driver_steady "$new"; then
      say "$new was not ready within $timeout s"
    else
      say "$new ended before it was ready"
    fi
    exit 1
  }
  say "$new is ready"
  # In the background, since a trap can interrupt only a wait. Without the lock: a client that outlives
  # this script must not keep it.
  (exec 9>&- && smoke_test "$new" "$old") &
  smoke=$!
  wait "$smoke" || exit 1
  if ! await 10 "$new" driver_ready "$new"; then
    say "$new is no longer ready after the smoke test"
    exit 1
  fi
  say "smoke test passed: new session, resume$([[ -z $old ]] || echo ", session of $old")"
}

# The switch is certain once Traefik answers as the new colour, and that colour has run for PROMOTE_SETTLE.
switch() {
  local deadline
  undo=route
  route_write "$new"
  say "route written: $new"
  if ! await "$route_timeout" "$new" route_answers "$new"; then
    say "Traefik at $entrypoint does not answer as $new within $route_timeout s"
    driver_steady "$new" || exit 3
    exit 1
  fi
  say "Traefik answers as $new"
  deadline=$(($(now_ms) + settle * 1000))
  while (($(now_ms) < deadline)); do
    sleep 0.1
    driver_steady "$new" || {
      say "$new died after the switch"
      exit 3
    }
  done
}

drain_old() { # 1 if it had to be killed
  local deadline=$(($(now_ms) + stop_timeout * 1000))
  say "draining $old"
  driver_signal "$old" TERM
  while driver_alive "$old" && (($(now_ms) < deadline)); do
    sleep 0.2
    driver_steady "$new" || bring_back
  done
  if driver_alive "$old"; then
    kill_stubborn "$old"
    return 1
  fi
  say "$old has ended"
}

finish() {
  local since=$1 complete=yes
  # The switch is certain: from here on, a signal must not stop the promotion half way.
  trap '' INT TERM HUP
  undo=nothing
  if [[ -z $old ]]; then
    driver_keep "$new"
    say "done: $new is live, and no other colour ran"
    return
  fi
  drain_old || complete=''
  ledger "$since" "$old" "$new" || complete=''
  driver_steady "$new" || bring_back
  driver_keep "$new"
  if [[ -z $complete ]]; then
    say "$new is live, but the ledger is not clean"
    exit 6
  fi
  say "done: $new is live"
}

# All clients are on the live colour. Whatever is wrong with it, a stop would make it worse.
await_live() {
  await "$timeout" '' driver_ready "$new" || {
    say "$new is live, but was not ready within $timeout s; it is left as it is"
    exit 1
  }
  await "$route_timeout" '' route_answers "$new" || {
    say "$new is live, but Traefik at $entrypoint does not answer as $new within $route_timeout s; both are left as they are"
    exit 1
  }
}

# What a promotion needs. A dry run checks it too.
check() {
  driver_check || exit 1
  if [[ -n $dry_run ]]; then
    # Without a lock of its own, which would be a file.
    refuse_if_locked
  else
    lock
  fi
  live=$(route_live)
  new=${to:-$(other "${live:-green}")}
  old=$(other "$new")
  [[ -z $restart ]] || driver_has_release "$new" || {
    say "$new never ran here, so there is no release to go back to"
    exit 1
  }
}

promote() {
  local since
  check
  driver_alive "$old" || old=''
  say "live: ${live:-none}; $([[ -n $restart ]] && echo 'rolling back to' || echo promoting) $new${old:+, then draining $old}"
  if [[ -n $dry_run ]]; then
    say 'dry run: nothing was done'
    return
  fi
  lock_write "$command, to $new"
  # The release that has the route is the one to go back to, even if its promotion was killed.
  [[ -z $live ]] || driver_keep "$live"
  trap leave EXIT
  heed_signals
  since=$(date --utc +%FT%T.%3NZ)
  if [[ $new == "$live" ]] && driver_alive "$new"; then
    await_live
    say "$new is live already"
    [[ -n $old ]] || return 0
    say "$old still runs from an earlier promotion"
  else
    start_new
    since=$(date --utc +%FT%T.%3NZ)
    switch
  fi
  finish "$since"
}

while (($# > 0)); do
  case $1 in
    rollback | status) command=$1 ;;
    --to) to=${2:-} && shift ;;
    --driver) driver=${2:-} && shift ;;
    --timeout) timeout=${2:-} && shift ;;
    --dry-run) dry_run=yes ;;
    -h | --help) usage && exit 0 ;;
    *) refuse "'$1' is not known" ;;
  esac
  shift || refuse 'the last flag has no value'
done
[[ $to =~ ^(blue|green)?$ ]] || refuse "--to must be blue or green, not '$to'"
[[ $driver =~ ^(compose|process)$ ]] || refuse "--driver must be compose or process, not '$driver'"
timeout=$(seconds "$timeout")

# shellcheck source=ops/promote/compose.sh
source "$ops/promote/$driver.sh"
# shellcheck source=ops/promote/route.sh
source "$ops/promote/route.sh"
# shellcheck source=ops/promote/lock.sh
source "$ops/promote/lock.sh"
# shellcheck source=ops/promote/smoke.sh
source "$ops/promote/smoke.sh"
# shellcheck source=ops/promote/ledger.sh
source "$ops/promote/ledger.sh"
# shellcheck source=ops/promote/status.sh
source "$ops/promote/status.sh"
# shellcheck source=ops/promote/undo.sh
source "$ops/promote/undo.sh"

case $command in
  promote) promote ;;
  rollback) restart=yes && promote ;;
  status) status ;;
esac
