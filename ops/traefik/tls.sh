# shellcheck shell=bash disable=SC2154 # routes: route.sh sets it
# TLS at Traefik: on while tls.yaml stands beside live.yaml, which says which colour is live.

tls_is_on() { [[ -e $routes/tls.yaml ]]; }

# Gives every client on the entry point websecure this certificate, whatever name it asks for, and sends those on
# the entry point web there. Only /healthz stays: ops/promote.sh asks it which route is in use.
tls_write() ( # directory of the certificate, as Traefik sees it; port of websecure, as clients see it
  umask 022
  mkdir -p "$routes"
  rm -f "$routes/.tls.new"
  cat >"$routes/.tls.new" <<YAML
# Written by ops/dev.sh.
tls:
  stores:
    default:
      defaultCertificate:
        certFile: $1/fullchain.pem
        keyFile: $1/privkey.pem
http:
  routers:
    to-tls:
      rule: PathPrefix(\`/\`) && !Path(\`/healthz\`)
      entryPoints: [web]
      # Before every route of live.yaml.
      priority: 1000
      middlewares: [to-tls]
      service: noop@internal
  middlewares:
    to-tls:
      redirectScheme:
        scheme: https
        port: "$2"
YAML
  mv "$routes/.tls.new" "$routes/tls.yaml"
)

tls_clear() { rm -f "$routes/tls.yaml"; }
