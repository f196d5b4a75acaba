# shellcheck shell=bash
# What every script here begins with: it then does the same in any shell and environment that it is
# called from. docs/operations/promote.md, "The caller's environment".

# BASH_ENV and SHELLOPTS may set options, root's aliases ask before they do something, and an exported
# function may stand in for any command.
set +o noclobber +o posix
unalias -a
while read -r _ _ exported; do
  unset -f "$exported"
done < <(declare -Fx)
unset -v exported CDPATH BASH_ENV ENV GREP_OPTIONS GREP_COLOR POSIXLY_CORRECT
[[ -d ${TMPDIR:-/tmp} && -w ${TMPDIR:-/tmp} ]] || unset -v TMPDIR

# Numbers, order and messages are the same for every user. The encoding stays the user's: without it a
# JVM does not find files whose names have other letters than ASCII.
export LC_CTYPE=${LC_ALL:-${LC_CTYPE:-${LANG:-C}}} LANG=C
unset -v LC_ALL LC_COLLATE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME LANGUAGE

# The directory of this file.
# shellcheck disable=SC2034 # for the scripts
ops=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

# curl for what runs here, past the caller's proxy and ~/.curlrc.
probe() { command curl --disable --noproxy '*' --silent "$@"; } # curl-option... URL
