#!/usr/bin/env bash
# Blue-green promotion: starts the colour that is not live, tries it, sends everybody there, drains
# the other one, and says what became of every session.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/promote.sh [--to blue|green] [--driver compose|process] [--timeout 60s] [--dry-run]
       ops/promote.sh rollback [the same]
       ops/promote.sh status [--driver compose|process]

Without a word: puts this build into the colour that is not live, and moves everybody there.

  rollback   the same with the release that the other colour ran last
  status     which colour is live, and what both are doing
  --to       the colour that shall be live afterwards
  --driver   compose: the services of ops/compose.yaml (default); process: java -jar on this machine
  --timeout  how long the new colour may take to be ready (default: 60s)
  --dry-run  say what would be done

Exit codes: 0 done, or live already; 1 failed, or interrupted before the switch was certain: the live
colour is as it was; 2 wrong usage; 3 the new colour died after the switch, and the old one is live
again; 4 the colour to go back to is dead, and a person is needed; 5 another promotion is under way;
6 promoted, but the ledger shows a loss or has a hole. 130 and 143 are 1 after SIGINT and SIGTERM.
Settings, from the environment: docs/operations/promote.md.
USAGE
}

# Whoever reads this may be gone, such as a `tee` that Ctrl-C ended: to do is more than to tell.
trap '' PIPE

# seconds
readonly route_timeout=${PROMOTE_ROUTE_TIMEOUT:-15}
readonly settle=${PROMOTE_SETTLE:-2}
readonly stop_timeout=${PROMOTE_STOP_TIMEOUT:-20}

command=promote to='' driver=${TALLY_DRIVER:-compose} timeout=60s dry_run=''
# What the exit has to undo: nothing, the new colour, or the new colour and the route.
undo=nothing
live='' new='' old='' restart='' smoke=''

# shellcheck source=ops/clock.sh
source "$ops/clock.sh"
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

# Waits until a command succeeds, or in vain; gives up early when the colour is dead.
await() { # seconds color command...
  local deadline=$(($(now_ms) + $1 * 1000)) color=$2
  shift 2
  until "$@"; do
    [[ -z $color ]] || driver_alive "$color" || return 1
    (($(now_ms) < deadline)) || return 1
    sleep 0.1
  done
}

gone() { ! driver_alive "$1"; }

show_log() {
  { printf 'promote: the last lines of %s:\n' "$1" && driver_logs "$1" | tail -n 20 | sed 's/^/  /'; } >&2 || true
}

stop() { # color: drains it, and waits until it is gone; 1 if it had to be killed
  driver_signal "$1" TERM
  await "$stop_timeout" '' gone "$1" || {
    kill_stubborn "$1"
    return 1
  }
}

# A second SIGTERM would end a drain without its last words, too, and say so less clearly.
kill_stubborn() { # color
  say "$1 is still there $stop_timeout s after SIGTERM: killing it"
  driver_signal "$1" KILL
  await 10 '' gone "$1" || say "$1 does not even die of SIGKILL"
}

caught=''
heed_signals_later() {
  trap 'caught=130' INT
  trap 'caught=143' TERM HUP
}

heed_signals() {
  trap 'say interrupted; exit 130' INT
  trap 'say interrupted; exit 143' TERM HUP
  [[ -z $caught ]] || { say interrupted && exit "$caught"; }
}

start_new() {
  if driver_alive "$new"; then
    say "$new is still there from earlier, without users: stopping it"
    stop "$new" || true
  fi
  undo=new
  say "starting $new"
  # Between a process and the note of its id an interruption would leave nobody who knows of it.
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
  # In the background, since only a wait can be interrupted; and without the lock, so that it ends
  # with this process, whatever becomes of the clients.
  (exec 9>&- && smoke_test "$new" "$old") &
  smoke=$!
  wait "$smoke" || exit 1
  if ! await 10 "$new" driver_ready "$new"; then
    say "$new is no longer ready after the smoke test"
    exit 1
  fi
  say "smoke test passed: new session, resume$([[ -z $old ]] || echo ", session of $old")"
}

# Certain once Traefik has answered as the new colour, and that has lived for a moment.
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
  # The switch is certain. From here on the only way is forward.
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

# Everybody is on the colour that is live: whatever is wrong with it, to stop it makes it worse.
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

promote() {
  local since
  lock
  live=$(route_live)
  new=${to:-$(other "${live:-green}")}
  old=$(other "$new")
  lock_write "$command${dry_run:+, dry run}, to $new"
  driver_alive "$old" || old=''
  say "live: ${live:-none}; promoting $new${old:+, then draining $old}"
  if [[ -n $dry_run ]]; then
    say 'dry run: nothing was done'
    return
  fi
  # What has the route is the release to go back to, though its promotion may have been killed.
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

status() {
  local color answer
  live=$(route_live)
  answer=$(route_answer)
  printf 'live   %s; %s answers as %s\n' "${live:-none}" "$entrypoint" "${answer:-nobody}"
  for color in blue green; do
    if driver_ready "$color"; then
      printf '%-6s ready\n' "$color"
    elif driver_alive "$color"; then
      printf '%-6s running, not ready\n' "$color"
    else
      printf '%-6s stopped\n' "$color"
    fi
  done
  ! lock_held || printf 'lock   %s\n' "$(lock_holder)"
  [[ -n $live && $answer == "$live" ]]
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
# shellcheck source=ops/promote/undo.sh
source "$ops/promote/undo.sh"

case $command in
  promote) promote ;;
  rollback) restart=yes && promote ;;
  status) status ;;
esac
