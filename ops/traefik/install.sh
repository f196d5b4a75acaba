#!/usr/bin/env bash
# Finds or installs Traefik v3 and prints its path. In this order: from PATH, from the cache of an earlier
# call, the official release, a build from source with Go, which is downloaded if it is missing. No root
# needed.
# With --offline it only looks. Exit codes: 0 found, 1 not.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

# The newest release all of whose dependencies are available as Go modules today.
readonly version=v3.6.12
# What Traefik's go.mod asks for. Distributions forbid Go to fetch a newer one by itself.
readonly minimum_go=1.25
readonly cache=${XDG_CACHE_HOME:-~/.cache}/tally/traefik-$version
readonly tools=$ops/tools.sh

say() { printf 'traefik: %s\n' "$1" >&2; }

is_version_3() { # binary
  [[ $("$1" version 2>/dev/null) =~ Version:\ +v?3\. ]]
}

architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) uname -m ;;
  esac
}

download() { # directory
  local name release
  name=traefik_${version}_$(uname -s | tr '[:upper:]' '[:lower:]')_$(architecture).tar.gz
  release=https://github.com/traefik/traefik/releases/download/$version
  (
    cd "$1"
    curl --silent --fail --fail-early --location --connect-timeout 5 --max-time 300 \
      --remote-name "$release/$name" --remote-name "$release/traefik_${version}_checksums.txt" &&
      sha256sum --check --ignore-missing --quiet "traefik_${version}_checksums.txt" >&2 &&
      tar --extract --gzip --file "$name" traefik
  )
}

has_go() {
  local found
  found=$(go env GOVERSION 2>/dev/null) || return 1
  printf 'go%s\n%s\n' "$minimum_go" "$found" | sort --check=quiet --version-sort
}

# `go install` refuses modules with replace directives, and the module lacks the web interface's
# files, which its own build makes: hence a copy, with an empty page in their place.
build() { # directory
  local module
  PATH=$("$tools" path)
  if ! has_go; then
    "$tools" go || return
    # If Go was downloaded for this build, nothing else uses the modules.
    export GOPATH=$1/go GOCACHE=$1/go-build
  fi
  say "building $version from source, which takes some minutes once"
  module=$(cd "$1" && go mod download -json "github.com/traefik/traefik/v3@$version" |
    sed -nE 's/^\t"Dir": "(.*)",?$/\1/p') || return
  [[ -n $module ]] || return
  cp -R "$module" "$1/source"
  chmod -R u+w "$1/source"
  mkdir -p "$1/source/webui/static"
  printf '<!doctype html>\n' >"$1/source/webui/static/index.html"
  if ! (
    cd "$1/source"
    CGO_ENABLED=0 go build -trimpath \
      -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=${version#v}" \
      -o "$1/traefik" ./cmd/traefik
  ) >"$1/build.log" 2>&1; then
    grep -v '^go: downloading' "$1/build.log" >&2
    return 1
  fi
}

main() {
  local found work started=$SECONDS
  if found=$(command -v traefik) && is_version_3 "$found"; then
    printf '%s\n' "$found"
    return
  fi
  if ! is_version_3 "$cache/traefik"; then
    [[ ${1:-} != --offline ]] || return 1
    if ! mkdir -p "$cache" || ! work=$(mktemp -d "$cache/work.XXXXXX"); then
      say "cannot write to $cache; set XDG_CACHE_HOME to a directory that you can write to"
      return 1
    fi
    # shellcheck disable=SC2064 # the directory is known now
    trap "chmod -R u+w '$work'; rm -rf '$work'" EXIT
    if ! download "$work" && ! build "$work"; then
      say "$version could neither be downloaded nor built"
      return 1
    fi
    # In one step, so that no other process runs half a file.
    mv "$work/traefik" "$cache/traefik"
    say "$version is in $cache after $((SECONDS - started)) s"
  fi
  printf '%s\n' "$cache/traefik"
}

usage() {
  cat <<'USAGE'
Usage: ops/traefik/install.sh [--offline]

Prints the path of a Traefik v3, and installs one first if there is none. --offline only looks.

Exit codes: 0 found, 1 not, 2 wrong usage.
USAGE
}

case ${1:-} in
  '' | --offline) main "$@" ;;
  -h | --help) usage ;;
  *)
    say "there is no '$1'; try --help"
    exit 2
    ;;
esac
