#!/usr/bin/env bash
# Checks manifests, by default those here, against the schemas of Kubernetes and of the Prometheus
# Operator. The schemas are fetched once and kept outside the tree.
# Exit codes: 0 valid, 1 not valid, 3 the schemas cannot be downloaded.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/kubernetes/validate.sh [FILE...]

Checks manifests, by default those in ops/kubernetes, against the schemas of Kubernetes and of the Prometheus Operator.

Exit codes: 0 valid, 1 not valid, 2 wrong usage, 3 the schemas cannot be downloaded.
USAGE
}

case ${1:-} in
  -h | --help) usage && exit 0 ;;
  -*)
    printf "validate: there is no '%s'; try --help\n" "$1" >&2
    exit 2
    ;;
esac

readonly here=$ops/kubernetes
readonly validator=kubernetes-validate==1.37.0
readonly operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
readonly venv=${XDG_CACHE_HOME:-$HOME/.cache}/tally/${validator/==/-}

unavailable() {
  printf 'validate: %s\n' "$1" >&2
  exit 3
}

install_validator() {
  local work=$venv.$$
  python3 -m venv "$work" && "$work/bin/pip" install --quiet --disable-pip-version-check "$validator" && mv --no-target-directory "$work" "$venv"
}

operator_module() {
  # Outside any module of Go's.
  (cd / && go mod download -json "$operator") | sed -nE 's/^\t"Dir": "(.*)",?$/\1/p'
}

if [[ ! -x $venv/bin/python3 ]]; then
  mkdir -p "$(dirname "$venv")"
  install_validator >&2 || unavailable "$validator could not be installed from PyPI; python3 with venv is needed"
fi
module=$(operator_module) || module=''
[[ -n $module ]] ||
  unavailable "the Go module $operator could not be fetched; go is needed"

(($# > 0)) || set -- "$here"/*.yaml
"$venv/bin/python3" "$here/validate.py" "$module/example/prometheus-operator-crd" "$@"
