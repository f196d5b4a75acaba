# shellcheck shell=bash disable=SC2154 # live and the like: promote.sh sets them
# What to do after a failure or a signal: before the switch is certain, restore what was there before;
# after it, start the old release again.

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

# Runs at the end of the script, after success too; undo says what to take back.
leave() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  [[ $undo != nothing ]] || exit "$status"
  # If one of these commands fails, the next ones are still needed.
  set +e
  [[ -z $smoke ]] || kill "$smoke" 2>/dev/null
  if [[ -n $live && $live != "$new" ]] && ! driver_alive "$live"; then
    say "$live is dead, so there is nothing to go back to: $new is left as it is"
    show_log "$live"
    exit 4
  fi
  if [[ $undo == route ]]; then
    go_back
  fi
  show_log "$new"
  say "stopping $new"
  stop "$new"
  driver_restore "$new"
  if [[ -n $live && $live != "$new" ]]; then
    say "$new is gone; $live is live, as before"
  else
    say "$new is gone; no colour was live before, and none is now"
  fi
  exit "$status"
}

go_back() {
  [[ $live != "$new" ]] || return 0
  if [[ -z $live ]]; then
    route_clear
    return
  fi
  say "sending clients back to $live"
  route_write "$live"
  if await "$route_timeout" '' route_answers "$live"; then
    say "$live answers again"
  else
    say "Traefik does not answer as $live within $route_timeout s; its file says $live"
  fi
}

# The new colour died during the drain of the old one: starts the old release again.
bring_back() {
  say "$new died while $old was drained: bringing $old back"
  show_log "$new"
  await "$stop_timeout" '' gone "$old" || kill_stubborn "$old"
  if driver_restart "$old" && await "$timeout" "$old" driver_ready "$old"; then
    route_write "$old"
    if await "$route_timeout" "$old" route_answers "$old"; then
      # Docker may have started it again.
      stop "$new" || true
      driver_restore "$new"
      say "$old is live again, with the release that it had"
      exit 3
    fi
  fi
  say "$old could not be started again: no colour serves clients now"
  show_log "$old"
  exit 4
}
