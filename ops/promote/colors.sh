# shellcheck shell=bash disable=SC2154 # stop_timeout: promote.sh sets it
# Waits for a colour, stops it and shows its log, with either driver.

# Waits until a command succeeds; 1 after so many seconds, or as soon as the colour is dead.
await() { # seconds color-or-nothing command...
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

stop() { # color: drains it and waits for its end; 1 if it had to be killed
  driver_signal "$1" TERM
  await "$stop_timeout" '' gone "$1" || {
    kill_stubborn "$1"
    return 1
  }
}

# With SIGKILL: a second SIGTERM would end the drain early too, but the log would not show why.
kill_stubborn() { # color
  say "$1 is still there $stop_timeout s after SIGTERM: killing it"
  driver_signal "$1" KILL
  await 10 '' gone "$1" || say "$1 still runs 10 s after SIGKILL"
}
