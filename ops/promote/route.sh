# shellcheck shell=bash disable=SC2154 # ops: promote.sh sets it
# The route: the colour that Traefik sends clients to. Only live.yaml says which one that is.

routes=${TALLY_ROUTES:-$ops/traefik/dynamic}
entrypoint=${TALLY_ENTRYPOINT:-http://127.0.0.1:80}

# shellcheck source=ops/traefik/tls.sh
source "$ops/traefik/tls.sh"

# The live colour; nothing before the first promotion.
route_live() {
  [[ -r $routes/live.yaml ]] || return 0
  sed -nE '/^ +service: (blue|green)$/ { s//\1/p; q }' "$routes/live.yaml"
}

# Replaces the file in one step, so Traefik never reads half of it. Traefik ignores the temporary
# file's name. Traefik runs as another user, so the caller's umask must not matter. Each file has a
# mark of its own, which Traefik adds to /healthz: the right colour alone may come from an earlier file.
route_write() ( # color
  local color=$1 mark=${EPOCHREALTIME/[.,]/} entrypoints=web
  ! tls_is_on || entrypoints='web, websecure'
  umask 022
  mkdir -p "$routes"
  rm -f "$routes/.live.new"
  cat >"$routes/.live.new" <<YAML
# Written by ops/promote.sh, which reads here which colour is live.
http:
  routers:
    chat:
      rule: PathPrefix(\`/\`)
      entryPoints: [$entrypoints]
      service: $color
    metrics:
      rule: Path(\`/metrics\`)
      entryPoints: [$entrypoints]
      service: $color-admin
    health:
      rule: Path(\`/healthz\`)
      entryPoints: [$entrypoints]
      middlewares: [mark]
      service: $color
  middlewares:
    mark:
      headers:
        customResponseHeaders:
          Tally-Route: "$mark"
  services:
    $color:
      loadBalancer:
        servers:
          - url: http://$(driver_address "$color")
    $color-admin:
      loadBalancer:
        servers:
          - url: http://$(driver_admin_address "$color")
YAML
  mv "$routes/.live.new" "$routes/live.yaml"
)

# For a first promotion that failed: there was no route before.
route_clear() { rm -f "$routes/live.yaml"; }

# The mark of the file.
route_mark() {
  [[ -r $routes/live.yaml ]] || return 0
  sed -nE 's/^ +Tally-Route: "([0-9]+)"$/\1/p' "$routes/live.yaml"
}

# The colour that answers a request through Traefik; empty without an answer.
route_answer() { route_health | sed -nE 's/.*"color":"([^"]*)".*/\1/p'; }

# Whether Traefik uses the file as it is now, and that colour answers.
route_answers() { # color
  local health
  health=$(route_health)
  [[ $health == *"\"color\":\"$1\""* ]] &&
    [[ $(sed -nE 's/^tally-route: ([0-9]+).*/\1/Ip' <<<"$health") == "$(route_mark)" ]]
}

route_health() { probe --include --max-time 2 "$entrypoint/healthz" 2>/dev/null || true; }
