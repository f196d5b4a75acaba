#!/usr/bin/env bash
# The whole stack on this machine, in containers: up, down, logs.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
readonly timeout=${DEV_UP_TIMEOUT:-120}
readonly watchers=(traefik redis consumer prometheus alertmanager grafana)

usage() {
  cat <<'USAGE'
Usage: ops/dev.sh up|down|logs

  up     build the image, start the live colour (blue at first) and all around it, wait until healthy;
         what runs already is left as it is: new code goes live with ops/promote.sh
  down   drain and remove everything but the images, sessions and metrics included
  logs   follow the logs; --tail 100 and what else `docker compose logs` takes may follow

DEV_UP_TIMEOUT is how many seconds `up` waits; 120 by default.
TALLY_TLS=on: Traefik has port TALLY_TLS_PORT (443) too, with TLS, and sends clients of port 80 there. The certificate is
fullchain.pem and privkey.pem in TALLY_TLS_DIR; without TALLY_TLS_DIR one is made for this machine alone.
Exit codes: 0 done, 1 failure, 2 wrong usage.
USAGE
}

# shellcheck source=ops/clock.sh
source "$ops/clock.sh"
# shellcheck source=ops/promote/compose.sh
source "$ops/promote/compose.sh"
# shellcheck source=ops/promote/route.sh
source "$ops/promote/route.sh"

started=$(now_ms)

# The containers of these services that are not healthy, one on each line: name, state, health.
unhealthy() { # service...
  local containers
  mapfile -t containers < <(compose ps --all --quiet "$@")
  docker inspect --format '{{.Name}} {{.State.Status}} {{.State.Health.Status}}' "${containers[@]}" |
    sed 's,^/,,' | grep --invert-match ' running healthy$' || true
}

await_healthy() { # service...
  local deadline=$(($(now_ms) + timeout * 1000)) left
  while left=$(unhealthy "$@") && [[ -n $left ]]; do
    if (($(now_ms) >= deadline)); then
      printf 'dev: not healthy within %s s:\n%s\n' "$timeout" "$left" >&2
      compose logs --tail 5 >&2
      exit 1
    fi
    sleep 0.5
  done
}

# Prometheus, Alertmanager and Grafana run as other users. With umask 077, git makes files that only you can read.
require_readable() {
  local closed
  closed=$(find "$ops/prometheus" "$ops/alertmanager" "$ops/grafana" ! -perm -o=r -print -quit)
  if [[ -n $closed ]]; then
    printf 'dev: the containers run as other users, who cannot read %s; type: chmod -R go+rX ops\n' "$closed" >&2
    exit 1
  fi
}

# Before the containers: the ports that Traefik publishes depend on it.
switch_tls() {
  local was=off directory=${TALLY_TLS_DIR:-$ops/traefik/tls}
  ! tls_is_on || was=on
  case ${TALLY_TLS:-off} in
    on)
      if [[ -z ${TALLY_TLS_DIR:-} ]]; then
        "$ops/traefik/certificate.sh" "$directory"
        # Traefik runs as user 65532. Only root can give it the key; otherwise every user of this machine can read it.
        chown -R 65532 "$directory" 2>/dev/null || chmod -R a+rX "$directory"
      fi
      if [[ ! -r $directory/fullchain.pem || ! -r $directory/privkey.pem ]]; then
        printf 'dev: TALLY_TLS_DIR=%s must have the files fullchain.pem and privkey.pem, readable\n' "$directory" >&2
        exit 1
      fi
      # Compose would look for a relative one beside compose.yaml.
      TALLY_TLS_DIR=$(realpath "$directory")
      export TALLY_TLS_DIR
      tls_write /etc/traefik/tls "${TALLY_TLS_PORT:-443}"
      ;;
    off) tls_clear ;;
    *)
      printf 'dev: TALLY_TLS is on or off, not %s\n' "'$TALLY_TLS'" >&2
      exit 2
      ;;
  esac
  # The live route says which entry points it is for.
  if [[ $was != "${TALLY_TLS:-off}" && -n $(route_live) ]]; then
    route_write "$(route_live)"
  fi
}

up() {
  local live password=admin scheme=ws page=http
  require_readable
  docker info >/dev/null 2>&1 || {
    printf 'dev: no Docker engine answers; docker info says why. Without Docker, make run starts the server alone\n' >&2
    exit 1
  }
  switch_tls
  ! tls_is_on || scheme=wss page=https
  # The containers run as other users, so the umask of the checkout must not matter.
  mkdir -p "$routes"
  chmod -R a+rX "$ops"/{alertmanager,grafana,prometheus} "$ops/traefik/traefik.yaml" "$routes"
  # The first route is blue's; promotions write the next ones.
  live=$(route_live)
  if [[ -z $live ]]; then
    live=blue
    route_write "$live"
  fi
  if [[ -z $(compose ps --quiet "app_$live") ]]; then
    compose build "app_$live"
  fi
  compose up --detach "${watchers[@]}"
  compose up --detach --no-recreate "app_$live"
  await_healthy "${watchers[@]}" "app_$live"
  [[ -z ${GRAFANA_ADMIN_PASSWORD:-} ]] || password=GRAFANA_ADMIN_PASSWORD
  cat <<READY
dev: $live is live after $((($(now_ms) - started) / 1000)) s
  WebSocket     $scheme://127.0.0.1/ws/chat/
  page, health  $page://127.0.0.1/  /healthz  /readyz  /metrics
  Grafana       http://127.0.0.1:3000/  admin / $password
  Prometheus    http://127.0.0.1:9090/
READY
}

case ${1:-} in
  up) up ;;
  down)
    compose down --volumes --remove-orphans
    route_clear
    tls_clear
    ;;
  logs) shift && exec "$ops/compose.sh" logs --follow "$@" ;;
  -h | --help) usage ;;
  *) usage >&2 && exit 2 ;;
esac
