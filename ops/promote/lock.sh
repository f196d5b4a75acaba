# shellcheck shell=bash disable=SC2154 # ops, routes, command: promote.sh and route.sh set them
# The lock: one promotion at a time. The kernel holds it, and releases it when the last process that
# inherited it ends; what stands in the file says who that is.

# shellcheck source=ops/promote/start-time.sh
source "$ops/promote/start-time.sh"

lock_file=$routes/promote.lock
# seconds
readonly lock_timeout=${PROMOTE_LOCK_TIMEOUT:-5}

# A promotion that runs is reported at once. One that was killed may leave commands behind that still
# have the lock: those are awaited.
lock() {
  local deadline=$(($(now_ms) + lock_timeout * 1000)) told=''
  # Others read it, and Traefik the directory.
  (umask 022 && mkdir -p "$routes" && : >>"$lock_file")
  exec 9>>"$lock_file"
  until flock --nonblock 9; do
    if lock_holder_lives; then
      say "another promotion is under way: $(lock_holder)"
      exit 5
    fi
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

lock_write() { # what this promotion does
  printf 'process %s of %s since %(%FT%T%z)T: %s\n%s %s\n' \
    $$ "$(id --user --name)" "$started_s" "$1" $$ "$(start_time $$)" >"$lock_file"
}

lock_holder() { head -n 1 "$lock_file"; }

# Not true either for the moment between the lock and its note.
lock_holder_lives() {
  local pid since
  { read -r _ && read -r pid since; } <"$lock_file" && [[ -n $since && $(start_time "$pid") == "$since" ]]
}

lock_held() { [[ -e $lock_file ]] && ! flock --nonblock "$lock_file" true; }
