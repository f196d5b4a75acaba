#!/usr/bin/env bash
# Installs what the build or the tests of Tally need: as root on Debian or Ubuntu with apt, and what these lack into the
# user's cache. Elsewhere it prints everything that you have to install, at once.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

readonly minimum_java=17
readonly minimum_maven=3.8.7
readonly minimum_node=20
readonly traefik=$ops/traefik/install.sh
# Where invoke-rc.d(8) asks whether it may start a service; the tests put it elsewhere.
readonly policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}

usage() {
  cat <<'USAGE'
Usage: ops/setup.sh build|test|load-test

  build      a JDK and Maven
  test       the same, and Python, redis-server, redis-cli, openssl, curl, pgrep, shellcheck, bats, chromium,
             prometheus, promtool, amtool; Node.js with npm, and Traefik v3
  load-test  Python 3.11 or newer with venv

Node.js and Traefik are fetched into ~/.cache/tally where they are missing or too old, and need no root. Without root, or
without apt, it says what else is missing and what to type. CHROMIUM=/usr/bin/google-chrome takes another browser.

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
has_node() { at_least "$minimum_node" "$(node_version)" && command -v npm >/dev/null; }
# Ubuntu's package of it is a stub that asks for a snap.
has_chromium() { "${CHROMIUM:-chromium}" --version >/dev/null 2>&1; }
# Debian splits ensurepip off, and venv fails late without it.
has_python() { python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

needed() { printf '%s\n' "$1${2:+ (here is $2)}"; } # what found

# The names of what is missing, one on each line.
missing() { # build|test|load-test
  [[ $1 == build ]] || has_python || echo 'Python 3.11 or newer with venv'
  [[ $1 != load-test ]] || return 0
  has_java || needed "JDK $minimum_java or newer" "$(java_version)"
  # Maven cannot say its version without a JDK.
  if has_java; then
    has_maven || needed "Maven $minimum_maven or newer" "$(maven_version)"
  else
    command -v mvn >/dev/null || printf 'Maven %s or newer\n' "$minimum_maven"
  fi
  [[ $1 == test ]] || return 0
  local tool
  for tool in redis-server redis-cli openssl curl pgrep shellcheck bats prometheus promtool amtool; do
    command -v "$tool" >/dev/null || printf '%s\n' "$tool"
  done
  has_chromium || echo chromium
  has_node || printf 'Node.js %s or newer with npm\n' "$minimum_node"
  "$traefik" --offline >/dev/null || echo 'Traefik v3'
}

# Splits what is missing into what apt may have and the rest.
from_packages() { grep -v -e '^Node.js' -e '^Traefik' || true; }
from_elsewhere() { grep -e '^Node.js' -e '^Traefik' || true; }

# Joins lines to a list for a sentence.
joined() {
  local -a lines
  local list
  mapfile -t lines
  printf -v list '%s, ' "${lines[@]}"
  printf '%s' "${list%, }"
}

# The JDK that the code is written for if the distribution has it, else the distribution's default.
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
      Python*) echo python3-venv ;;
      redis-cli) echo redis-tools ;;
      pgrep) echo procps ;;
      promtool) echo prometheus ;;
      amtool) echo prometheus-alertmanager ;;
      *) echo "$thing" ;;
    esac
  done | sort --unique
}

# Prints those packages on stdin that this distribution has.
available() {
  local package
  while read -r package; do
    [[ ! $(apt-cache policy "$package") =~ Candidate:\ [^\(] ]] || printf '%s\n' "$package"
  done
}

has_apt() { command -v apt-get >/dev/null && command -v apt-cache >/dev/null; }
is_root() { [[ $(id -u) == 0 ]]; }

# apt prints hundreds of lines, which matter only if it fails.
apt() {
  local said
  said=$(DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=180 -o Dpkg::Use-Pty=0 -qq "$@" 2>&1 </dev/null) || {
    printf '%s\n' "$said" >&2
    return 1
  }
}

# Debian starts a service as soon as it is installed. The tests start their own servers, so a policy
# prevents that during the installation.
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

install_packages() { # build|test|load-test
  local -a names
  # If one source cannot be reached, the packages may still come from another one.
  apt -o APT::Update::Error-Mode=any update ||
    printf 'setup: apt-get update failed, for the reason above; is this machine connected to the network?\n' >&2
  mapfile -t names < <(missing "$1" | from_packages | packages | available)
  ((${#names[@]} > 0)) || return 0
  printf 'setup: installing %s\n' "${names[*]}" >&2
  install_quietly "${names[@]}" || fail "apt-get could not install ${names[*]}; its message is above"
}

# Prints what to type. Before the first update apt has no lists and knows no package.
advise_apt() { # packages on stdin
  local wanted known unknown
  wanted=$(cat)
  known=$wanted
  [[ -z $(apt-cache madison bash) ]] || known=$(available <<<"$wanted")
  unknown=$(grep -vxF "$known" <<<"$wanted" || true)
  [[ -z $known ]] ||
    printf 'setup: type: sudo apt-get update && sudo apt-get install --no-install-recommends %s\n' "${known//$'\n'/ }" >&2
  [[ $unknown != *chromium* ]] ||
    printf 'setup: Ubuntu has Chromium as a snap only: install Google Chrome and set CHROMIUM=/usr/bin/google-chrome\n' >&2
  unknown=$(grep -v chromium <<<"$unknown" || true)
  [[ -z $unknown ]] ||
    printf 'setup: apt has no package %s here; on Ubuntu type: sudo add-apt-repository universe\n' "$(joined <<<"$unknown")" >&2
}

# Ends with all that is missing and what to do about it.
give_up() { # missing things
  local elsewhere
  printf 'setup: please install %s and run this again\n' "$(from_packages <<<"$1" | joined)" >&2
  ! has_apt || from_packages <<<"$1" | packages | advise_apt
  elsewhere=$(from_elsewhere <<<"$1")
  [[ -z $elsewhere ]] || printf 'setup: this script then fetches %s, without root\n' "$(joined <<<"$elsewhere")" >&2
  exit 1
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

  # JAVA_HOME decides which JDK is used, whichever one apt installs.
  if [[ $what != load-test && -n ${JAVA_HOME:-} ]] && ! has_java; then
    fail "JAVA_HOME is $JAVA_HOME, where there is no JDK $minimum_java or newer; unset it, or set it to one, and run this again"
  fi
  local wanted
  PATH=$("$ops/tools.sh" path)
  wanted=$(missing "$what")
  [[ -n $wanted ]] || return 0
  if [[ -n $(from_packages <<<"$wanted") ]]; then
    if is_root && has_apt; then
      install_packages "$what"
      wanted=$(missing "$what")
    fi
    [[ -z $(from_packages <<<"$wanted") ]] || give_up "$wanted"
  fi
  if [[ $wanted == *Node.js* ]]; then
    "$ops/tools.sh" node ||
      fail "Node.js could not be fetched, for the reason above; please install Node.js $minimum_node or newer with npm and run this again"
  fi
  if [[ $wanted == *Traefik* ]]; then
    "$traefik" >/dev/null || fail 'Traefik could not be fetched, for the reason above; please install Traefik v3 and run this again'
  fi
  wanted=$(missing "$what")
  [[ -z $wanted ]] || fail "please install $(joined <<<"$wanted") and run this again"
}

main "$@"
