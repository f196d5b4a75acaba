#!/usr/bin/env bash
# Makes a certificate for this machine alone, signed by itself: fullchain.pem and privkey.pem in a directory.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/traefik/certificate.sh DIRECTORY [NAME...]

Makes DIRECTORY/fullchain.pem and DIRECTORY/privkey.pem for localhost, 127.0.0.1, ::1 and each NAME, valid
for 90 days. Leaves them as they are if both are there. Browsers warn of such a certificate: for users, take
one of a certificate authority.

Exit codes: 0 both files are there, 1 failure, 2 wrong usage.
USAGE
}

case ${1:-} in
  -h | --help) usage && exit 0 ;;
  '' | -*) usage >&2 && exit 2 ;;
esac
readonly directory=$1
shift
if [[ -s $directory/fullchain.pem && -s $directory/privkey.pem ]]; then
  exit 0
fi
command -v openssl >/dev/null || {
  printf 'certificate: openssl is not installed\n' >&2
  exit 1
}
names=DNS:localhost,IP:127.0.0.1,IP:::1
for name; do
  names+=,DNS:$name
done
umask 077
mkdir -p "$directory"
work=$(mktemp -d "$directory/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 90 \
  -subj /CN=localhost -addext "subjectAltName=$names" -addext extendedKeyUsage=serverAuth \
  -keyout "$work/privkey.pem" -out "$work/fullchain.pem" 2>"$work/log" || {
  cat "$work/log" >&2
  exit 1
}
mv "$work/privkey.pem" "$work/fullchain.pem" "$directory/"
printf 'certificate: made %s/fullchain.pem for %s\n' "$directory" "$names" >&2
