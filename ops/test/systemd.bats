#!/usr/bin/env bats
# The unit as systemd reads it, and its environment files as the server reads them.

bats_require_minimum_version 1.5.0

setup() {
  systemd=$BATS_TEST_DIRNAME/../systemd
  jar=$BATS_TEST_DIRNAME/../../server-tyrus/target/tally-server.jar
}

an_instance() { # color: the template's path as that instance
  command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not here'
  [[ -x /usr/bin/java ]] || skip 'the unit starts /usr/bin/java, which is not here'
  instance=$BATS_TEST_TMPDIR/tally@$1.service
  cp "$systemd/tally@.service" "$instance"
}

@test "the unit is valid" {
  an_instance blue
  run -0 systemd-analyze verify "$instance"
  [ -z "$output" ]
}

@test "the unit exposes little" {
  an_instance green
  systemd-analyze security --help | grep --quiet -- --offline || skip 'this systemd-analyze cannot judge a file'
  # 0 is best, 10 worst; 1.4 is left for the network, the files in use, and the just-in-time compiler.
  run -0 systemd-analyze security --offline=yes --threshold=15 --no-pager "$instance"
}

@test "both colours' settings are settings, and their ports differ" {
  local color settings arguments
  # What the unit passes, with the file as an installation has it.
  arguments=$(sed -nE 's,^ExecStart=.*/tally-server\.jar (.*),\1,p' "$systemd/tally@.service")
  [ "$arguments" = "--redis-url-file \${CREDENTIALS_DIRECTORY}/redis-url" ]
  grep --quiet --line-regexp 'LoadCredential=redis-url:/etc/tally/redis-url' "$systemd/tally@.service"
  for color in blue green; do
    mapfile -t settings < <(grep --no-filename --invert-match '^#' "$systemd/tally.env" "$systemd/$color.env")
    run -0 env --ignore-environment "TALLY_COLOR=$color" "${settings[@]}" "$(command -v java)" -jar "$jar" \
      --redis-url-file "$systemd/redis-url" --print-config
    [[ $output == *$'\nREDIS_URL=\n'* ]]
    printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/$color"
    # Each is in force as it was written.
    run -1 grep --invert-match --fixed-strings --line-regexp --file="$BATS_TEST_TMPDIR/$color" < <(printf '%s\n' "${settings[@]}")
  done
  run -1 grep --fixed-strings --line-regexp --file=<(grep -E '^(ADMIN_)?PORT=' "$BATS_TEST_TMPDIR/blue") "$BATS_TEST_TMPDIR/green"
}
