# shellcheck shell=bash disable=SC2154 # ops: promote.sh sets it
# Colours as the services app_blue and app_green of ops/compose.yaml, each with an image of its own,
# so that the old colour can be started again as it was.

compose() { "$ops/compose.sh" "$@" 9>&-; }

# Without an engine every colour would look stopped.
driver_check() {
  docker info >/dev/null 2>&1 || {
    say 'no Docker engine answers, so the state of the colours is not known; docker info says why'
    return 1
  }
}

driver_address() { echo "app_$1:8000"; }
driver_admin_address() { echo "app_$1:8001"; }

# Stopped ones too: their logs are still needed.
containers() { # color
  docker ps --all --quiet \
    --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-tally}" \
    --filter "label=com.docker.compose.service=app_$1"
}

# The name of the image that the colour ran before. It is kept until the new one is live.
before() { echo "${COMPOSE_PROJECT_NAME:-tally}-before:$1"; } # color

has_before() { docker image inspect "$(before "$1")" >/dev/null 2>&1; }

put_aside() {
  local image
  ! has_before "$1" || return 0
  image=$(containers "$1" | head -n 1 | xargs --no-run-if-empty docker inspect --format '{{.Image}}') || return
  [[ -z $image ]] || docker tag "$image" "$(before "$1")"
}

driver_start() {
  put_aside "$1" || return
  if [[ ${TALLY_BUILD:-yes} != no ]]; then
    compose build "app_$1" >/dev/null || return
  fi
  compose up --detach --no-deps --force-recreate "app_$1"
}

driver_keep() { ! has_before "$1" || docker rmi --force "$(before "$1")" >/dev/null || true; }

# Makes a container of that release, which a rollback starts.
driver_restore() {
  ! has_before "$1" || env "TALLY_${1^^}_IMAGE=$(before "$1")" \
    "$ops/compose.sh" up --no-start --no-deps --no-build --force-recreate "app_$1" 9>&-
}

driver_has_release() { [[ -n $(containers "$1") ]]; } # color

driver_restart() {
  compose up --detach --no-deps --no-build --no-recreate "app_$1"
}

# A line for each container, such as "running 0 healthy"; the number is how often it was started again.
conditions() { # color
  containers "$1" | xargs --no-run-if-empty docker inspect \
    --format '{{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}'
}

driver_alive() { conditions "$1" | grep --quiet '^running '; }

# All run, and none was started again since this script started them.
driver_steady() { every "$1" '^running 0 '; }

driver_ready() { every "$1" '^running [0-9]+ healthy$'; }

every() { # color pattern
  local all
  all=$(conditions "$1")
  [[ -n $all ]] && ! grep --quiet --extended-regexp --invert-match "$2" <<<"$all"
}

driver_signal() { # color TERM|KILL
  # Not `stop`, which waits: promote.sh waits itself, and watches the other colour meanwhile.
  containers "$1" | xargs --no-run-if-empty docker kill --signal "$2" >/dev/null 2>&1 || true
}

driver_client() { # color argument...
  local color=$1
  shift
  docker exec --interactive "$(containers "$color" | head -n 1)" \
    /opt/tally/java/bin/java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    -jar /opt/tally/tally-server.jar client "$@" ws://127.0.0.1:8000/ws/chat/
}

# Where the client finds the file PROMOTE_TOKEN_FILE: a copy in the container's own memory. Not an argument nor a
# variable of a command, which others could see.
driver_token() { # color
  docker exec --interactive "$(containers "$1" | head -n 1)" sh -c 'umask 077; exec cat >/tmp/promote-token' <"$PROMOTE_TOKEN_FILE" &&
    echo /tmp/promote-token
}

driver_logs() { # color [since]
  containers "$1" | xargs --no-run-if-empty --max-args 1 docker logs ${2:+--since "$2"} 2>&1
}
