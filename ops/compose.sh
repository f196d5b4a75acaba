#!/usr/bin/env bash
# docker compose with this project's file: the plugin if it is installed, else docker-compose 1.29.
#   ops/compose.sh ps
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

files=(--file "$ops/compose.yaml")
# As ops/traefik/tls.sh has it.
if [[ -e ${TALLY_ROUTES:-$ops/traefik/dynamic}/tls.yaml ]]; then
  files+=(--file "$ops/compose.tls.yaml")
fi
readonly project=${COMPOSE_PROJECT_NAME:-tally}

if docker compose version >/dev/null 2>&1; then
  exec docker compose --project-name "$project" "${files[@]}" "$@"
elif command -v docker-compose >/dev/null; then
  exec docker-compose --project-name "$project" "${files[@]}" "$@"
fi
printf 'compose: please install the docker compose plugin, or docker-compose 1.29\n' >&2
exit 1
