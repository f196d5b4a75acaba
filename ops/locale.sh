# shellcheck shell=bash
# Numbers, order and messages are the same for every user. The encoding stays the user's: without it a
# JVM does not find files whose names have other letters than ASCII.
export LC_CTYPE=${LC_ALL:-${LC_CTYPE:-${LANG:-C}}} LANG=C
unset -v LC_ALL LC_COLLATE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME LANGUAGE
