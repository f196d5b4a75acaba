#!/usr/bin/env bats
# ops/setup.sh on made-up machines: PATH holds only the tools that a test puts there, so that
# nothing is ever installed on the machine that runs the tests.

setup() {
  script=$BATS_TEST_DIRNAME/../setup.sh
  machine=$BATS_TEST_TMPDIR/bin
  log=$BATS_TEST_TMPDIR/log
  mkdir "$machine"
  : >"$log"
  local tool
  for tool in bash env sed sort head cat rm chmod; do
    ln -s "$(command -v "$tool")" "$machine/$tool"
  done
  export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
  export POLICY_RC_D=$BATS_TEST_TMPDIR/policy-rc.d
  unset JAVA_HOME
}

# A command on the made-up machine: its name, and the lines of its script.
given() {
  local name=$1
  shift
  printf '#!/bin/bash\n' >"$machine/$name"
  printf '%s\n' "$@" >>"$machine/$name"
  chmod +x "$machine/$name"
}

given_jdk() { given javac "echo 'javac $1'"; }
given_maven() { given mvn "echo 'Apache Maven $1 (abc)'"; }
given_test_tools() { # all, or all but the one named
  given node "echo v20.0.0"
  local tool
  for tool in redis-server redis-cli openssl curl pgrep shellcheck bats python3 npm chromium prometheus promtool amtool; do
    [[ $tool == "${1:-}" ]] || given "$tool"
  done
  [[ ${1:-} == traefik ]] || given traefik "echo 'Version:      3.6.12'"
}

run_setup() { PATH=$machine run "$script" "$@"; }

@test "says nothing and installs nothing where all is there" {
  given_jdk 17.0.15
  given_maven 3.8.7
  given_test_tools
  run_setup test
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "a build does not need what only tests need" {
  given_jdk 25
  given_maven 4.0.0
  run_setup build
  [ "$status" -eq 0 ]
}

@test "says in one sentence what to install where there is no apt" {
  run_setup test
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install Python 3.11 or newer with venv, JDK 17 or newer, Maven 3.8.7 or newer, Node.js 20 or newer, redis-server, redis-cli, openssl, curl, pgrep, shellcheck, bats, npm, chromium, prometheus, promtool, amtool, Traefik v3 and run this again" ]
}

@test "a JDK that is too old counts as missing" {
  given_jdk 11.0.2
  given_maven 3.9.9
  run_setup build
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install JDK 17 or newer and run this again" ]
}

@test "a Maven that is too old counts as missing, and 3.10 is newer than 3.8.7" {
  given_jdk 17
  given_maven 3.6.3
  run_setup build
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install Maven 3.8.7 or newer and run this again" ]
  given_maven 3.10.0
  run_setup build
  [ "$status" -eq 0 ]
}

@test "JAVA_HOME decides which JDK counts" {
  given_jdk 17
  given_maven 3.9.9
  export JAVA_HOME=$BATS_TEST_TMPDIR/nowhere
  run_setup build
  [ "$status" -eq 1 ]
}

@test "root with apt gets only what is missing, and no service is started" {
  ((EUID == 0)) || skip "needs root"
  given_jdk 17
  given_maven 3.9.9
  given_test_tools redis-server
  given apt-get "echo \"\$*\" >>'$log'" \
    "[[ \$* != *' install '* ]] || { cat \"\$POLICY_RC_D\" >>'$log'; printf '#!/bin/bash\n' >'$machine/redis-server'; chmod +x '$machine/redis-server'; }"
  run_setup test
  [ "$status" -eq 0 ]
  [[ $(<"$log") == *"update"* ]]
  [[ $(<"$log") == *"DPkg::Lock::Timeout=180"*"install --yes --no-install-recommends redis-server"* ]]
  [[ $(<"$log") == *"exit 101"* ]]
  [[ $(<"$log") != *"maven"* ]]
  [ ! -e "$POLICY_RC_D" ]
}

@test "an installation that fails is one sentence and exit code 1" {
  ((EUID == 0)) || skip "needs root"
  given_jdk 17
  given_maven 3.9.9
  given_test_tools redis-server
  given apt-get "[[ \$* != *' install '* ]] || exit 100"
  run_setup test
  [ "$status" -eq 1 ]
  [ ! -e "$POLICY_RC_D" ]
  [[ $output == *"setup: apt-get could not install redis-server; its message is above" ]]
}

@test "the load test needs Python alone, and one with venv" {
  given python3
  run_setup load-test
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  given python3 'exit 1'
  run_setup load-test
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install Python 3.11 or newer with venv and run this again" ]
}

@test "an unknown word is refused with exit code 2" {
  run_setup everything
  [ "$status" -eq 2 ]
  [[ $output == *"'everything' is not one of build, test, load-test" ]]
}

@test "a Traefik that is too old counts as missing, and no package manager is asked for it" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools traefik
  given traefik "echo 'Version:      2.11.0'"
  local tool
  for tool in mkdir mktemp tr uname; do ln -s "$(command -v "$tool")" "$machine/$tool"; done
  given curl 'exit 7'
  given apt-get "echo \"\$*\" >>'$log'"
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"please install Traefik v3, or Go 1.21 or newer to build it with"* ]]
  [ ! -s "$log" ]
}

@test "a Traefik release that can be reached is checked and kept for the next time" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools traefik
  local tool release=$BATS_TEST_TMPDIR/release
  for tool in mkdir mktemp tr uname sha256sum tar gzip mv cp grep; do
    ln -s "$(command -v "$tool")" "$machine/$tool"
  done
  mkdir "$release"
  printf '#!/bin/bash\necho "Version:      3.6.12"\n' >"$release/traefik"
  chmod +x "$release/traefik"
  # The release's two files, whatever they are called on this kind of machine.
  given curl "for url; do name=\${url##*/}; case \$name in
    *.tar.gz) tar -C '$release' -czf \$name traefik; sha256sum \$name >'$release/sums' ;;
    *checksums.txt) cp '$release/sums' \$name ;;
    esac; done"
  run_setup test
  [ "$status" -eq 0 ]
  given curl 'exit 7'
  run_setup test
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}
