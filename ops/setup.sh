#!/usr/bin/env bash
# Installs what building or testing Tally needs, where it can: as root on Debian or Ubuntu.
# Elsewhere it says in one sentence what to install.
set -Eeuo pipefail

readonly minimum_java=17
readonly minimum_maven=3.8.7
readonly minimum_node=20
readonly traefik=${BASH_SOURCE[0]%/*}/traefik/install.sh
# Where invoke-rc.d(8) asks whether it may start a service; the tests put it elsewhere.
readonly policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}

usage() {
  cat <<'USAGE'
Usage: ops/setup.sh build|test|load-test

  build      a JDK and Maven
  test       the same, and Python, redis-server, redis-cli, openssl, curl, pgrep, shellcheck, bats, npm, Node.js,
             chromium, prometheus, promtool, amtool and Traefik v3, which where its release cannot be reached is built
             with Go
  load-test  Python 3.11 or newer with venv

Exit codes: 0 all there, 1 something is missing, 2 wrong usage.
USAGE
}

fail() {
  printf 'setup: %s\n' "$1" >&2
  exit 1
}

java_version() {
  local javac=javac
  [[ -z ${JAVA_HOME:-} ]] || javac=$JAVA_HOME/bin/javac
  "$javac" -version 2>&1 | sed -nE 's/^javac ([0-9]+).*/\1/p' || true
}

maven_version() {
  mvn --version 2>/dev/null | sed -nE 's/.*Apache Maven ([0-9][0-9.]*).*/\1/p' | head -n 1 || true
}

node_version() { node --version 2>/dev/null | sed -n 's/^v//p' || true; }

at_least() { # wanted found
  [[ -n $2 ]] && printf '%s\n%s\n' "$1" "$2" | sort --check=quiet --version-sort
}

has_java() { at_least "$minimum_java" "$(java_version)"; }
has_maven() { at_least "$minimum_maven" "$(maven_version)"; }
has_node() { at_least "$minimum_node" "$(node_version)"; }
# Debian splits ensurepip off, and venv fails late without it.
has_python() { python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The names of what is missing, in the user's words, one on each line.
missing() { # build|test|load-test
  [[ $1 == build ]] || has_python || echo 'Python 3.11 or newer with venv'
  [[ $1 != load-test ]] || return 0
  has_java || printf 'JDK %s or newer\n' "$minimum_java"
  # Maven cannot say its version without a JDK.
  if has_java; then
    has_maven || printf 'Maven %s or newer\n' "$minimum_maven"
  else
    command -v mvn >/dev/null || printf 'Maven %s or newer\n' "$minimum_maven"
  fi
  [[ $1 == test ]] || return 0
  has_node || printf 'Node.js %s or newer\n' "$minimum_node"
  local tool
  for tool in redis-server redis-cli openssl curl pgrep shellcheck bats npm chromium prometheus promtool amtool; do
    command -v "$tool" >/dev/null || printf '%s\n' "$tool"
  done
  "$traefik" --offline >/dev/null || echo 'Traefik v3'
}

# The JDK that the code is written for where the distribution has it, else the distribution's own.
jdk_package() {
  if apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
    echo openjdk-17-jdk-headless
  else
    echo default-jdk-headless
  fi
}

packages() { # missing things on stdin
  local thing
  while read -r thing; do
    case $thing in
      JDK*) jdk_package ;;
      Maven*) echo maven ;;
      # No package has it; its own script gets it.
      Traefik*) ;;
      Python*) echo python3-venv ;;
      redis-cli) echo redis-tools ;;
      pgrep) echo procps ;;
      promtool) echo prometheus ;;
      amtool) echo prometheus-alertmanager ;;
      Node.js*) echo nodejs ;;
      *) echo "$thing" ;;
    esac
  done
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=180 -o Dpkg::Use-Pty=0 -qq "$@" >&2
}

# Debian starts a service as soon as it is installed. The tests start their own servers, so a
# policy forbids it for the time of the installation.
install_quietly() { # package...
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt install --yes --no-install-recommends "$@" || return
  local package
  for package in "$@"; do
    case $package in
      redis-server | prometheus | prometheus-alertmanager)
        ! command -v systemctl >/dev/null || systemctl disable "$package" >/dev/null 2>&1 || true
        ;;
    esac
  done
}

main() {
  local what=${1:-}
  case $what in
    build | test | load-test) ;;
    -h | --help)
      usage
      return
      ;;
    *)
      usage >&2
      printf "setup: '%s' is not one of build, test, load-test\n" "$what" >&2
      exit 2
      ;;
  esac

  local wanted
  wanted=$(missing "$what")
  [[ -n $wanted ]] || return 0

  local -a names
  mapfile -t names < <(packages <<<"$wanted" | sort --unique)
  if ((${#names[@]} > 0 && EUID == 0)) && command -v apt-get >/dev/null; then
    printf 'setup: installing %s\n' "${names[*]}" >&2
    apt update || fail "apt-get update failed; its message is above"
    install_quietly "${names[@]}" || fail "apt-get could not install ${names[*]}; its message is above"
    wanted=$(missing "$what")
  fi
  if [[ $wanted == 'Traefik v3' ]] && "$traefik" >/dev/null; then
    wanted=$(missing "$what")
  fi
  [[ -z $wanted ]] || fail "please install ${wanted//$'\n'/, } and run this again"
}

main "$@"
