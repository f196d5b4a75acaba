# shellcheck shell=bash
# In ticks since the boot: tells a process from another one that got the same id later. Nothing if it
# has ended, also while its parent has not waited for it yet.
start_time() { # process
  local stat
  read -r stat <"/proc/$1/stat" && stat=${stat##*) } && [[ $stat != Z* ]] && cut -d ' ' -f 20 <<<"$stat"
} 2>/dev/null
