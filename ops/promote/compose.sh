# shellcheck shell=bash disable=SC2154 # ops: promote.sh sets it
# Colours as the services app_blue and app_green of ops/compose.yaml, each with an image of its own,
# so that the old colour can be started again as it was.

compose() { "$ops/compose.sh" "$@" 9>&-; }

driver_address() { echo "app_$1:8000"; }
driver_admin_address() { echo "app_$1:8001"; }

# Stopped ones too: their log is still to be read.
containers() { # color
  docker ps --all --quiet \
    --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-tally}" \
    --filter "label=com.docker.compose.service=app_$1"
}

driver_start() {
  if [[ ${TALLY_BUILD:-yes} != no ]]; then
    compose build "app_$1" >/dev/null || return
  fi
  compose up --detach --no-deps --force-recreate "app_$1"
}

driver_restart() { compose up --detach --no-deps --no-recreate "app_$1"; }

# A line for each container, such as "true healthy".
conditions() { # color
  containers "$1" | xargs --no-run-if-empty docker inspect \
    --format '{{.State.Running}} {{if .State.Health}}{{.State.Health.Status}}{{end}}'
}

driver_alive() { conditions "$1" | grep --quiet '^true'; }

driver_ready() {
  local all
  all=$(conditions "$1")
  [[ -n $all ]] && ! grep --quiet --invert-match '^true healthy$' <<<"$all"
}

driver_signal() { # color TERM|KILL
  # Not `stop`, which waits: promote.sh does that itself, and looks after the other colour meanwhile.
  containers "$1" | xargs --no-run-if-empty docker kill --signal "$2" >/dev/null 2>&1 || true
}

driver_client() { # color argument...
  local color=$1
  shift
  docker exec --interactive "$(containers "$color" | head -n 1)" \
    /opt/tally/java/bin/java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    -jar /opt/tally/tally-server.jar client "$@" ws://127.0.0.1:8000/ws/chat/
}

driver_logs() { # color [since]
  containers "$1" | xargs --no-run-if-empty --max-args 1 docker logs ${2:+--since "$2"} 2>&1
}
