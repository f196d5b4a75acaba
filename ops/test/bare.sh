#!/usr/bin/env bash
# The two commands of the README in a bare Debian with only git, make and a clone of this checkout. Prints how long each took.
# It takes half an hour and 5 GB, so make test does not run it.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

usage() {
  cat <<'USAGE'
Usage: ops/test/bare.sh [--suite NAME] [--keep] [run]

  --suite  a Debian release that this machine's apt sources have too; default: this machine's own
  --keep   leave the root directory there, and say where
  run      only the first command

Needs root, mmdebstrap, and Debian or Ubuntu. TMPDIR says where the root directory is made.
Exit codes: 0 both commands succeeded, 1 one did not, 2 wrong usage.
USAGE
}

wrong_usage() {
  usage >&2
  exit 2
}

fail() {
  printf 'bare: %s\n' "$1" >&2
  exit 1
}

os_release() { # root variable
  sed -nE "s/^$2=\"?([^\"]*)\"?$/\1/p" "$1/etc/os-release"
}

# The apt sources of this machine, since others may not be reachable from here.
copy_sources() { # suite directory
  local file codename
  codename=$(os_release / VERSION_CODENAME)
  mkdir "$2"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [[ -f $file ]] && grep --quiet --extended-regexp "(^|[[:space:]])$codename([[:space:]]|$)" "$file"; then
      sed "s/\b$codename\b/$1/g" "$file" >"$2/${file##*/}"
    fi
  done
}

# Only how this machine reaches the registries.
copy_settings() {
  local file
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf ~/.config/pip ~/.npmrc /etc/npmrc /usr/etc/npmrc ~/.m2/settings.xml \
    ~/.config/go/env /usr/local/share/ca-certificates; do
    [[ -e $file ]] || continue
    mkdir -p "$root${file%/*}"
    cp --recursive --dereference --no-target-directory "$file" "$root$file"
  done
  apt-config dump | grep -E '^Acquire::(Check|http|Retries)' >"$root/etc/apt/apt.conf.d/99bare" || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
}

# Runs in the root directory, with its own mounts and processes: they end with it.
# shellcheck disable=SC2016 # the inner shell expands it
inside() { # command...
  local -a registries
  mapfile -t registries < <(env | grep -v '^PIP_FIND_LINKS=' | grep -iE '^(PIP_|npm_config_|GOPROXY=|GOSUMDB=|GONOSUMDB=|MAVEN_OPTS=|[a-z]+_proxy=|[A-Z_]*(CA|CERT)[A-Z_]*=/)')
  unshare --mount --pid --fork --kill-child --propagation private bash -Eeuo pipefail -c '
    root=$1
    shift
    mount --types proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" /usr/bin/env --ignore-environment HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
  ' inside "$root" "${registries[@]}" "$@"
}

# In the new root, in the clone.
make_run() {
  local log=/tmp/run.log deadline=$((SECONDS + 1800)) port status=0
  make run ARGS='--host 127.0.0.1 --port 0 --admin-port 0 --log-format json' >"$log" 2>&1 &
  until port=$(sed -nE 's/.*"event":"ready","port":([0-9]+).*/\1/p' "$log") && [[ -n $port ]]; do
    if ((SECONDS > deadline)) || ! kill -0 $! 2>/dev/null; then
      cat "$log"
      return 1
    fi
    sleep 0.2
  done
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
  head -n 1 <&3 | grep ' 200 '
  # The server is make's only child.
  kill -TERM "$(tr -d ' ' <"/proc/$!/task/$!/children")"
  wait $! || status=$?
  ((status == 0)) || cat "$log"
  return "$status"
}

timed() { # what command...
  local started=$SECONDS status=0
  inside bash -Eeuo pipefail -c "cd '$clone'; $(declare -f make_run); $2" || status=$?
  printf 'bare: %s: exit code %s after %d min %02d s\n' "$1" "$status" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
  return "$status"
}

main() {
  local only='' keep='' suite status=0
  suite=$(os_release / VERSION_CODENAME)
  while (($# > 0)); do
    case $1 in
      --suite)
        (($# > 1)) || wrong_usage
        suite=$2 && shift
        ;;
      --keep) keep=yes ;;
      run) only=run ;;
      -h | --help) usage && return ;;
      *) wrong_usage ;;
    esac
    shift
  done
  [[ $(id -u) == 0 ]] || fail 'please run this as root'
  command -v mmdebstrap >/dev/null || fail 'please install mmdebstrap: apt-get install mmdebstrap'

  work=$(mktemp -d)
  # It does not exist in there.
  unset TMPDIR
  # shellcheck disable=SC2064 # what to remove is known now
  [[ -n $keep ]] || trap "rm -rf --one-file-system '$work'" EXIT
  chmod 755 "$work"
  root=$work/root
  copy_sources "$suite" "$work/sources"
  mmdebstrap --quiet --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$work"/sources/*
  copy_settings
  git clone --quiet --no-local "$(git -C "${BASH_SOURCE[0]%/*}" rev-parse --show-toplevel)" "$root$clone"
  printf 'bare: %s, %s, %s\n' "$(os_release "$root" PRETTY_NAME)" "$(git -C "$root$clone" rev-parse --short=12 HEAD)" "$(nproc) cores"

  timed 'make run until it was ready, and its end' make_run || status=1
  [[ $only == run ]] || timed 'make test' 'make test' || status=1
  [[ -z $keep ]] || printf 'bare: the root directory is %s\n' "$root"
  return "$status"
}

# The space is on purpose.
readonly clone='/root/my tally'
root='' work=''
main "$@"
