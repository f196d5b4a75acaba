# shellcheck shell=bash disable=SC2154 # ops, routes, command: promote.sh and route.sh set them
# The lock file: one promotion at a time. The kernel releases the lock when the last process that
# inherited it ends. The file's content says which promotion took it.

# shellcheck source=ops/promote/start-time.sh
source "$ops/promote/start-time.sh"

lock_file=$routes/promote.lock
# seconds
readonly lock_timeout=${PROMOTE_LOCK_TIMEOUT:-5}

# Reports a promotion that runs at once. A killed one may leave commands behind that still have the
# lock: waits for those.
lock() {
  local deadline=$(($(now_ms) + lock_timeout * 1000)) told=''
  # Other users read it, and Traefik reads the directory.
  (umask 022 && mkdir -p "$routes" && : >>"$lock_file")
  exec 9>>"$lock_file"
  until flock --nonblock 9; do
    refuse_if_holder_lives
    if (($(now_ms) >= deadline)); then
      say "a promotion was killed, and what it started still has the lock after $lock_timeout s: $(lock_holder)"
      exit 5
    fi
    [[ -n $told ]] || say "waiting up to $lock_timeout s for the end of what a killed promotion started"
    told=yes
    sleep 0.1
  done
  lock_write "$command"
}

refuse_if_holder_lives() {
  ! lock_holder_lives || {
    say "another promotion is under way: $(lock_holder)"
    exit 5
  }
}

refuse_if_locked() { ! lock_held || refuse_if_holder_lives; }

lock_write() { # what this promotion does
  printf 'process %s of %s since %(%FT%T%z)T: %s\n%s %s\n' \
    $$ "$(id --user --name)" "$started_s" "$1" $$ "$(start_time $$)" >"$lock_file"
}

lock_holder() { head -n 1 "$lock_file"; }

# False also in the moment between the lock and the write of its file.
lock_holder_lives() {
  local pid since
  { read -r _ && read -r pid since; } <"$lock_file" && [[ -n $since && $(start_time "$pid") == "$since" ]]
}

lock_held() { [[ -e $lock_file ]] && ! flock --nonblock "$lock_file" true; }
