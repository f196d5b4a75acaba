# shellcheck shell=bash disable=SC2154 # ops: promote.sh sets it
# Colours as plain processes on this machine. Each runs a copy of the jar of its own, so that a new
# build changes nothing under a running server, and the old colour can be started again as it was.

# shellcheck source=ops/promote/start-time.sh
source "$ops/promote/start-time.sh"

state=${TALLY_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/tally}
jar=${TALLY_JAR:-$ops/../server-tyrus/target/tally-server.jar}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# A session in the memory of one process cannot continue on another one.
driver_check() {
  [[ $command == status || -n ${REDIS_URL:-}${REDIS_URL_FILE:-} ]] || {
    say 'Redis is required: set REDIS_URL or REDIS_URL_FILE'
    return 1
  }
}

driver_address() {
  case $1 in
    blue) echo "127.0.0.1:${TALLY_BLUE_PORT:-8000}" ;;
    green) echo "127.0.0.1:${TALLY_GREEN_PORT:-8010}" ;;
  esac
}

driver_admin_address() {
  case $1 in
    blue) echo "127.0.0.1:${TALLY_BLUE_ADMIN_PORT:-8001}" ;;
    green) echo "127.0.0.1:${TALLY_GREEN_ADMIN_PORT:-8011}" ;;
  esac
}

# Keeps the release that the colour ran before, until the new one is live.
driver_start() {
  mkdir -p "$state" || return
  if [[ -e $state/$1.jar && ! -e $state/$1.jar.before ]]; then
    mv "$state/$1.java" "$state/$1.java.before" || return
    mv "$state/$1.jar" "$state/$1.jar.before" || return
  fi
  cp "$jar" "$state/$1.jar" || return
  # The java command belongs to the release, as in an image.
  printf '%s\n' "${TALLY_JAVA:-$java}" >"$state/$1.java" || return
  driver_restart "$1"
}

driver_keep() { rm -f "$state/$1.jar.before" "$state/$1.java.before"; }

driver_restore() {
  if [[ -e $state/$1.jar.before ]]; then
    mv "$state/$1.java.before" "$state/$1.java"
    mv "$state/$1.jar.before" "$state/$1.jar"
  fi
}

driver_has_release() { [[ -r $state/$1.jar && -r $state/$1.java ]]; } # color

driver_restart() {
  local address=''
  [[ ! -e $state/$1.log ]] || mv "$state/$1.log" "$state/$1.log.1"
  address=$(driver_address "$1")
  # In a session of its own, so that Ctrl-C does not reach it, without this script's lock, and with
  # the signals that this script may ignore.
  HOST=${address%:*} PORT=${address##*:} ADMIN_PORT=$(driver_admin_address "$1" | sed 's/.*://') \
    TALLY_COLOR=$1 TALLY_LOG_FORMAT=json \
    setsid env --default-signal=INT,TERM,HUP,PIPE "$(<"$state/$1.java")" \
    -XX:+ExitOnOutOfMemoryError -XX:+DisplayVMOutputToStderr -jar "$state/$1.jar" </dev/null >>"$state/$1.log" 2>&1 9>&- &
  printf '%s %s\n' $! "$(start_time $!)" >"$state/$1.pid"
}

process() { # color: its id while it lives
  local pid started
  read -r pid started 2>/dev/null <"$state/$1.pid" && [[ -n $started && $(start_time "$pid") == "$started" ]] &&
    echo "$pid"
} 2>/dev/null

driver_alive() { [[ -n $(process "$1") ]]; }

# Nothing restarts a process here, so one that runs is the one that was started.
driver_steady() { driver_alive "$1"; }

driver_ready() {
  driver_alive "$1" && probe --fail --max-time 2 --output /dev/null "http://$(driver_address "$1")/readyz"
}

driver_signal() { # color TERM|KILL
  local pid
  ! pid=$(process "$1") || kill "-$2" "$pid" 2>/dev/null || true
}

driver_client() { # color argument...
  local color=$1
  shift
  "$java" -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -jar "$state/$color.jar" client "$@" \
    "ws://$(driver_address "$color")/ws/chat/"
}

# Where the client finds the file PROMOTE_TOKEN_FILE.
driver_token() { # color
  [[ -r $PROMOTE_TOKEN_FILE ]] && realpath "$PROMOTE_TOKEN_FILE"
}

driver_logs() { # color [since]: everything since its start, which may be more
  cat "$state/$1.log" 2>/dev/null || true
}
