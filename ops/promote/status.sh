# shellcheck shell=bash disable=SC2154 # live, entrypoint: promote.sh and route.sh set them
# Which colour is live, and what both are doing.

status() { # 1 if the answer does not come from the live colour, or the state of a colour is not known
  local color answer says='does not answer as a colour' driver_works=yes
  live=$(route_live)
  answer=$(route_answer)
  driver_check || driver_works=''
  [[ -z $answer ]] || says="answers as $answer"
  printf 'live   %s; %s %s\n' "${live:-none}" "$entrypoint" "$says"
  for color in blue green; do
    printf '%-6s %s\n' "$color" "$(state_of "$color")"
  done
  ! lock_held || printf 'lock   %s\n' "$(lock_holder)"
  [[ -n $driver_works && -n $live && $answer == "$live" ]]
}

state_of() { # color
  if [[ -z $driver_works ]]; then
    echo unknown
  elif driver_ready "$1"; then
    echo ready
  elif driver_alive "$1"; then
    echo 'running, not ready'
  else
    echo stopped
  fi
}
