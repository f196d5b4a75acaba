#!/usr/bin/env bats
# The scripts in shells and environments with other settings than usual.

bats_require_minimum_version 1.5.0
load promotion.bash

setup_file() {
  export root
  # shellcheck disable=SC2154 # ops: shell.sh
  root=$(cd "$ops/.." && pwd)
  small_servers
  place="$BATS_FILE_TMPDIR/a place"
  mkdir "$place"
  setup_promotion
}

teardown_file() {
  place="$BATS_FILE_TMPDIR/a place"
  teardown_promotion
}

# The help of a script that is called from the root by a relative path.
says() { # script environment...
  local script=$1
  shift
  (cd "$root" && env "$@" "ops/$script.sh" --help 2>&1)
}

@test "only shell.sh calls curl, and the download of Traefik, which may need a proxy" {
  # test_systemd.py and test_commands.py run what you type yourself.
  run grep -rnE '^[^#]*\bcurl +-' "$ops" "$root/.ci" "$root/Makefile" --include=* --exclude={environment.bats,test_systemd.py,test_commands.py}
  echo "$output"
  [ "${#lines[@]}" -eq 2 ]
  [[ $output == *"/shell.sh:"*"--disable --noproxy '*'"* ]]
  [[ $output == *"/traefik/install.sh:"* ]]
}

@test "a script says the same in every environment" {
  local hostile=$BATS_TEST_TMPDIR/hostile script text
  mkdir -p "$hostile/ops" "$hostile/a home"
  printf 'proxy = 127.0.0.1:9\ninclude\n' >"$hostile/a home/.curlrc"
  printf '%s\n' 'set -o noclobber' 'shopt -s expand_aliases' 'alias cat="cat -n" rm="rm -i" grep="grep --color=always"' >"$hostile/bash_env"
  local -a environments=(
    "CDPATH=$hostile" "BASH_ENV=$hostile/bash_env" SHELLOPTS=noclobber:posix POSIXLY_CORRECT=1
    'BASH_FUNC_cat%%=() { echo stolen; }' 'BASH_FUNC_dirname%%=() { command dirname -- "$@"; }'
    'GREP_OPTIONS=--color=always' TMPDIR=/nonexistent "TMPDIR=$hostile/a home" "HOME=$hostile/a home"
    http_proxy=http://127.0.0.1:9 JAVA_TOOL_OPTIONS=-Dhostile=yes REDIS_PORT=tcp://127.0.0.1:6379
    ADMIN_PORT=tcp://127.0.0.1:8001 HOST=elsewhere)
  for script in archive dev monitor promote setup tools; do
    text=$(says "$script")
    [ -n "$text" ]
    for environment in "${environments[@]}"; do
      run says "$script" "$environment"
      [ "$status" -eq 0 ]
      [ "$output" = "$text" ] || {
        printf '%s with %s:\n%s\n' "$script" "$environment" "$output"
        return 1
      }
    done
  done
}

# Runs a command with all of these at once.
hostile() { # command...
  local place=$BATS_FILE_TMPDIR/hostile
  mkdir -p "$place/ops" "$place/a home"
  printf 'proxy = 127.0.0.1:9\ninclude\nfail\nmax-filesize = 1\n' >"$place/a home/.curlrc"
  printf '%s\n' 'set -o noclobber' 'shopt -s expand_aliases' 'alias rm="rm -i" cp="cp -i" mv="mv -i" grep="grep --color=always"' >"$place/bash_env"
  (
    cd "$root" || return
    umask 077
    env "CDPATH=$place" "BASH_ENV=$place/bash_env" 'BASH_FUNC_sed%%=() { echo stolen; }' \
      'GREP_OPTIONS=--color=always' TMPDIR=/nonexistent "HOME=$place/a home" \
      http_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 \
      REDIS_PORT=tcp://10.0.0.1:6379 TALLY_PORT=tcp://10.0.0.1:8000 ADMIN_PORT=tcp://10.0.0.1:8001 HOST=elsewhere PORT=1 \
      "$@"
  )
}

@test "a promotion succeeds in all of them at once, and Traefik can read its route" {
  run hostile ops/promote.sh
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'done: blue is live'* ]]
  run stat --format %a "$TALLY_ROUTES/live.yaml" "$TALLY_ROUTES/promote.lock"
  [ "${lines[*]}" = '644 644' ]

  run hostile ops/promote.sh status
  echo "$output"
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == *"answers as blue" ]]

  run hostile ops/monitor.sh --once --interval 0.1 --driver process
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *ready* ]]
}

@test "the directory of the routes is one that Traefik can read" {
  # shellcheck disable=SC2034 # route.sh does
  TALLY_ROUTES=$BATS_TEST_TMPDIR/routes
  driver_address() { echo 127.0.0.1:1; }
  driver_admin_address() { echo 127.0.0.1:2; }
  # shellcheck source=ops/promote/route.sh
  source "$ops/promote/route.sh"
  umask 077
  route_write blue
  umask 022
  [ "$(stat --format %a "$BATS_TEST_TMPDIR/routes")" = 755 ]
}

@test "an archive of classes is made in all of them at once" {
  run hostile ops/archive.sh server-tyrus/target/tally-server.jar "$BATS_TEST_TMPDIR/an archive"
  echo "$output"
  [ "$status" -eq 0 ]
  [ -s "$BATS_TEST_TMPDIR/an archive" ]
}

@test "the scripts for Traefik and Kubernetes say how they are used" {
  local script
  for script in traefik/install.sh kubernetes/validate.sh traefik/certificate.sh; do
    run -0 "$ops/$script" --help
    [[ $output == "Usage: ops/$script"* ]]
    run -2 "$ops/$script" --what
  done
}
