# shellcheck shell=bash
# Real processes for a test file: each on free ports, all ended at the end.

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

start() { # log command...
  local log=$1
  shift
  # bats waits for whoever holds its descriptor 3.
  "$@" >"$log" 2>&1 3>&- &
  echo $! >>"$BATS_FILE_TMPDIR/pids"
}

await() { # command...
  local deadline=$((SECONDS + 60))
  until "$@"; do
    ((SECONDS < deadline)) || return
    sleep 0.1
  done
}

end_all() {
  local pid
  while read -r pid; do
    kill "$pid" || true
  done <"$BATS_FILE_TMPDIR/pids"
}
