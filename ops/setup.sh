#!/usr/bin/env bash
# Gets what the build and the tests need: a JDK (17 or newer), Maven, redis-server,
# openssl, curl, procps, shellcheck, bats.
# With root on Debian or Ubuntu it installs what is missing; elsewhere it says what to install.
# Usage: ops/setup.sh build|test
set -Eeuo pipefail

usage() {
  printf 'usage: ops/setup.sh build|test; got: %s\n' "${*:-nothing}" >&2
  exit 2
}

missing_packages() {
  local wanted=("javac:openjdk-17-jdk-headless" "mvn:maven")
  if [[ $1 == test ]]; then
    wanted+=("redis-server:redis-server" "redis-cli:redis-tools" "openssl:openssl"
      "curl:curl" "pgrep:procps" "shellcheck:shellcheck" "bats:bats")
  fi
  local entry
  for entry in "${wanted[@]}"; do
    command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry##*:}"
  done
}

install() {
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    printf 'Please install these first (names as in Debian): %s\n' "$*" >&2
    exit 1
  fi
  printf 'installing: %s\n' "$*" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=180 update >&2
  # The tests start their own servers: nothing that is installed here shall start by itself.
  RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=180 install --no-install-recommends "$@" >&2
}

[[ $# == 1 && ($1 == build || $1 == test) ]] || usage "$@"
mapfile -t packages < <(missing_packages "$1")
if ((${#packages[@]} > 0)); then
  install "${packages[@]}"
fi
