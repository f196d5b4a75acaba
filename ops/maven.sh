#!/usr/bin/env bash
# Runs Maven with the arguments given. If the machine is the reason for a failure, and not the code, the last line says
# what to do. The exit code is Maven's.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "${BASH_SOURCE[0]%/*}/shell.sh"

advice() { # log
  if grep -q 'Could not create local repository' "$1" || grep -qE '\.m2.*(Permission denied|Read-only file system|AccessDenied)' "$1"; then
    echo 'Maven cannot write to its directory for downloads; name another one and run this again: export MAVEN_OPTS=-Dmaven.repo.local=/tmp/maven'
  elif grep -q 'PKIX path building failed' "$1"; then
    echo 'Maven does not trust the certificate that it was shown; if your network has a certificate authority of its own, add it to the JDK with keytool'
  elif grep -qE 'Could not (transfer|find) artifact|Unknown host' "$1"; then
    echo 'Maven could not download what the build needs; connect this machine to the network, or name your proxy in ~/.m2/settings.xml (https://maven.apache.org/guides/mini/guide-proxies.html), and run this again'
  fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
# simpleclient has no module names of its own. Maven warns of it in a box, although nothing can be done about it.
mvn "$@" | sed -uE '/\[WARNING\] (\*+|\* Required filename-based automodules.*)$/d' | tee "$log" || status=$?
if ((status != 0)); then
  said=$(advice "$log")
  [[ -z $said ]] || printf 'make: %s\n' "$said" >&2
fi
exit "$status"
