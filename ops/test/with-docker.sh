#!/usr/bin/env bash
# Runs a command with its own Docker engine in its own network namespace, and removes both afterwards: ops/test/with-docker.sh bats ops/test/compose.bats. Needs root, dockerd and ip.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"

(($# > 0)) || {
  printf 'usage: ops/test/with-docker.sh COMMAND [ARGUMENT...]\n' >&2
  exit 2
}

name=tally-docker-$$
root=$(mktemp -d)
engine=''

# shellcheck disable=SC2317 # called by the trap
finish() {
  if [[ -n $engine ]]; then
    kill -TERM "$engine" 2>/dev/null || true
    # It ends its containerd and its containers first.
    timeout 60 tail --pid="$engine" --follow /dev/null || kill -KILL "$engine"
  fi
  awk -v root="$root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort --reverse | xargs --no-run-if-empty umount --lazy
  ip netns delete "$name" 2>/dev/null || true
  rm -rf "$root"
}
trap finish EXIT

ip netns add "$name"
# nsenter, not `ip netns exec`: that would put another /sys before the engine, without its cgroups.
nsenter --net="/run/netns/$name" ip link set lo up
nsenter --net="/run/netns/$name" dockerd --data-root "$root/data" --exec-root "$root/exec" --pidfile "$root/pid" \
  --host "unix://$root/docker.sock" >"$root/log" 2>&1 &
engine=$!
export DOCKER_HOST=unix://$root/docker.sock
until docker info >/dev/null 2>&1; do
  kill -0 "$engine" 2>/dev/null || {
    cat "$root/log" >&2
    exit 1
  }
  sleep 0.2
done

nsenter --net="/run/netns/$name" "$@"
