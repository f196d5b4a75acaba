#!/usr/bin/env bats
# TLS at a real Traefik, as ops/dev.sh switches it on, with a real server behind it.

bats_require_minimum_version 1.5.0

load processes

setup_file() {
  export ops=$BATS_TEST_DIRNAME/.. jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar
  export web secure certificates=$BATS_FILE_TMPDIR/tls TALLY_ROUTES=$BATS_FILE_TMPDIR/dynamic
  local admin chat metrics
  web=127.0.0.1:$(free_port) secure=127.0.0.1:$(free_port) admin=127.0.0.1:$(free_port)
  chat=127.0.0.1:$(free_port) metrics=127.0.0.1:$(free_port)

  (umask 000 && "$ops/traefik/certificate.sh" "$certificates" chat.example.org)
  start /dev/null java -jar "$jar" --host 127.0.0.1 --port "${chat#*:}" --admin-port "${metrics#*:}" --color green \
    --trusted-proxies 127.0.0.1

  driver_address() { echo "$chat"; }
  driver_admin_address() { echo "$metrics"; }
  # shellcheck source=ops/promote/route.sh
  source "$ops/promote/route.sh"
  tls_write "$certificates" "${secure#*:}"
  route_write green

  sed -e "s/\":8080\"/$web/" -e "s/\":8443\"/$secure/" -e "s/\":8082\"/$admin/" -e "s#/etc/traefik/dynamic#$TALLY_ROUTES#" \
    "$ops/traefik/traefik.yaml" >"$BATS_FILE_TMPDIR/traefik.yaml"
  start "$BATS_FILE_TMPDIR/traefik.log" "$("$ops/traefik/install.sh" --offline)" --configFile="$BATS_FILE_TMPDIR/traefik.yaml"
  await over_tls --fail --output /dev/null "https://$secure/readyz"
}

teardown_file() { end_all; }

over_tls() { probe --cacert "$certificates/fullchain.pem" "$@"; }

@test "the key is for its owner alone, whatever the umask" {
  [ "$(stat --format=%a "$certificates/privkey.pem")" = 600 ]
  openssl x509 -in "$certificates/fullchain.pem" -noout -ext subjectAltName |
    grep --quiet 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:chat.example.org'
}

@test "a certificate that is there is left as it is" {
  local before
  before=$(sha256sum "$certificates"/*.pem)
  "$ops/traefik/certificate.sh" "$certificates"
  [ "$(sha256sum "$certificates"/*.pem)" = "$before" ]
}

@test "the script for certificates says how it is used" {
  run -0 "$ops/traefik/certificate.sh" --help
  run -2 "$ops/traefik/certificate.sh" --what
  run -2 "$ops/traefik/certificate.sh"
}

@test "plain HTTP is sent to TLS, but for the health check of promotions" {
  [ "$(probe --output /dev/null --write-out '%{http_code} %{redirect_url}' "http://$web/?a=b")" = "302 https://$secure/?a=b" ]
  [ "$(probe --output /dev/null --write-out '%{http_code}' "http://$web/metrics")" = 302 ]
  probe --fail "http://$web/healthz" | grep --quiet '"color":"green"'
}

@test "the page, health and the live colour's metrics are there over TLS" {
  over_tls --fail "https://$secure/" | grep --quiet '<title>Tally'
  over_tls --fail "https://$secure/healthz" | grep --quiet '"color":"green"'
  over_tls --fail "https://$secure/metrics" | grep --quiet '^chat_build_info{.*color="green"'
}

@test "the command line client counts over wss, with the certificate in a trust store" {
  keytool -importcert -noprompt -alias tally -file "$certificates/fullchain.pem" -storepass changeit \
    -keystore "$BATS_TEST_TMPDIR/trust.p12" 2>/dev/null
  [ "$(seq 3 | java -Djavax.net.ssl.trustStore="$BATS_TEST_TMPDIR/trust.p12" -Djavax.net.ssl.trustStorePassword=changeit \
    -jar "$jar" client "wss://$secure/ws/chat/" 2>/dev/null)" = $'1\n2\n3' ]
}

@test "a certificate that the client does not trust ends the client with the reason" {
  run -1 java -jar "$jar" client --give-up-after 1s "wss://$secure/ws/chat/" <<<one
  [[ $output == *certificat* ]]
}

handshake() { # origin
  over_tls --http1.1 --max-time 2 --output /dev/null --write-out '%{http_code}' --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
    --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' --header "Origin: $1" \
    "https://$secure/ws/chat/" || true
}

@test "a page of the same host without TLS may not connect" {
  [ "$(handshake "https://$secure")" = 101 ]
  [ "$(handshake "http://$secure")" = 403 ]
}

@test "without TLS the route is for plain HTTP alone" {
  # shellcheck source=ops/promote/route.sh
  source "$ops/promote/route.sh"
  driver_address() { echo 127.0.0.1:1; }
  driver_admin_address() { echo 127.0.0.1:2; }
  routes=$BATS_TEST_TMPDIR/dynamic
  route_write blue
  run ! grep websecure "$routes/live.yaml"
  tls_write /etc/traefik/tls 443
  route_write blue
  [ "$(grep --count 'entryPoints: \[web, websecure\]' "$routes/live.yaml")" = 3 ]
  tls_clear
  [ ! -e "$routes/tls.yaml" ]
}

@test "the stack publishes the port of the entry point, and mounts what the route names" {
  grep --quiet 'address: ":8443"' "$ops/traefik/traefik.yaml"
  grep --quiet ':8443"' "$ops/compose.tls.yaml"
  grep --quiet ':/etc/traefik/tls:ro' "$ops/compose.tls.yaml"
  grep --quiet 'tls_write /etc/traefik/tls' "$ops/dev.sh"
}
