#!/usr/bin/env bash
# Installs the benchmark's peers that are not on the JVM into a directory: npm ws, and Django with Channels on uvicorn.
# One whose runtime or packages are not to be had is left out, with a sentence.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../../ops/shell.sh"

readonly here=$ops/../server-tyrus/src/test/bench

left_out() { # peer reason
  printf 'bench: %s is left out: %s\n' "$1" "$2" >&2
}

# Copies a peer's sources; whether something is to be installed.
outdated() { # peer list-of-packages
  mkdir -p "$target/$1"
  cp "$here/$1"/* "$target/$1/"
  ! cmp --silent "$here/$1/$2" "$target/$1/.installed"
}

install_ws() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    left_out 'npm ws' 'node and npm are not both installed'
    return
  fi
  outdated ws package.json || return 0
  if npm install --prefix "$target/ws" --no-audit --no-fund --loglevel=error >&2; then
    cp "$here/ws/package.json" "$target/ws/.installed"
  else
    rm -rf "$target/ws"
    left_out 'npm ws' 'npm install failed; its message is above'
  fi
}

install_django() {
  if ! command -v python3 >/dev/null; then
    left_out Django 'python3 is not installed'
    return
  fi
  outdated python requirements.txt || return 0
  if python3 -m venv "$target/python/venv" >&2 &&
    "$target/python/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt" >&2; then
    cp "$here/python/requirements.txt" "$target/python/.installed"
  else
    rm -rf "$target/python"
    left_out Django 'python3 -m venv or pip install failed; its message is above'
  fi
}

if (($# != 1)); then
  printf 'Usage: setup.sh DIRECTORY\n' >&2
  exit 2
fi
target=$1
install_ws
install_django
